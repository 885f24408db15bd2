/**
 * Ready configurations that share a mount over the network. Why each line is there
 * stands in docs/sharing.md. Pure text; nothing is installed or started.
 */

import { basename } from 'node:path';
import { ProxyfsError } from '../../src/base/error.js';

export interface Shared {
  readonly project: string;
  readonly mountPoint: string;
  /** What clients call it; default: the name of the mount point's folder. */
  readonly name?: string | undefined;
}

export const SHARE_KINDS = ['samba', 'nfs', 'ganesha'] as const;
export type ShareKind = (typeof SHARE_KINDS)[number];

/** Throws `request/invalid` for a name or a path that the configuration cannot hold. */
export function shareConfiguration(kind: ShareKind, shared: Shared): string {
  const name = shared.name ?? basename(shared.mountPoint).replace(/[^\w.-]+/g, '-');
  if (!/^[\w.-]{1,80}$/.test(name) || /^(global|homes|printers)$/i.test(name)) {
    throw new ProxyfsError(
      'request/invalid',
      `'${name}' cannot be the name of a share: give one with --name (letters, digits, . _ -)`,
    );
  }
  const { mountPoint } = shared;
  // Samba expands %, exports(5) and Ganesha have quoting rules of their own.
  if (/[\u0000-\u001f\u007f"%\\#;]|^\s|\s$/.test(mountPoint) || (kind === 'nfs' && /\s/.test(mountPoint))) {
    throw new ProxyfsError(
      'request/invalid',
      `the configuration of ${kind} cannot hold the path '${mountPoint}': mount at a plainer path`,
    );
  }
  return CONFIGURATIONS[kind]({ ...shared, name });
}

const CONFIGURATIONS: Readonly<Record<ShareKind, (shared: Shared & { name: string }) => string>> = {
  samba: ({ mountPoint, name }) => `# smb.conf; mount with --allow-other, so that Samba's users get in
[global]
    smb2 leases = no
    kernel oplocks = no
    kernel change notify = yes
    # Macs: fruit is for the server as a whole
    fruit:model = MacSamba

[${name}]
    path = ${mountPoint}
    read only = no
    # a flip changes what clients may not keep
    oplocks = no
    level2 oplocks = no
    csc policy = disable
    # Samba reads by itself: every read is of the handle's own variant
    use sendfile = no
    # names are as they are on Linux: no search of whole folders for another case
    case sensitive = yes
    preserve case = yes
    # the same file ids after the next mount
    vfs objects = fileid catia fruit streams_xattr
    fileid:algorithm = fsname
    fruit:metadata = stream
    fruit:encoding = native
    fruit:copyfile = yes
    fruit:zero_file_id = no
`,
  nfs: ({ mountPoint, project }) => `# /etc/exports; mount with --allow-other
${mountPoint} *(rw,sync,no_subtree_check,fsid=${uuidOf(project)})
`,
  ganesha: ({ mountPoint, name, project }) => `# ganesha.conf; mount with --allow-other
EXPORT {
    Export_Id = ${(Number.parseInt(project.slice(0, 4), 16) % 65_000) + 1};
    Path = "${mountPoint}";
    Pseudo = "/${name}";
    Access_Type = RW;
    Squash = Root_Squash;
    Protocols = 4;
    SecType = sys;
    # a flip changes what clients may not keep
    Attr_Expiration_Time = 0;
    Filesystem_Id = ${Number.parseInt(project.slice(0, 7), 16)}.${Number.parseInt(project.slice(7, 14), 16)};
    FSAL { Name = VFS; }
}
# a flip gives names other handles: listings must be read anew, not from memory (for all exports)
MDCACHE { Dir_Chunk = 0; }
`,
};

/** The id of the project has 64 bits; an fsid takes 128. */
function uuidOf(project: string): string {
  return `${project.slice(0, 8)}-${project.slice(8, 12)}-${project.slice(12, 16)}-0000-000000000000`;
}
