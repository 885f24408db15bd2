/** The part of fuse-native that the portable driver uses, hooks included; its behaviour is described where it is used. */

declare module 'fuse-native' {
  /** What an operation hands back: 0 (or a byte count) or a negative errno, then its value. */
  export type Reply<Value = never> = (result: number, value?: Value) => void;

  /** Times are milliseconds since the epoch. */
  export interface FuseStat {
    mode: number;
    uid?: number;
    gid?: number;
    size?: number;
    nlink?: number;
    ino: number;
    rdev?: number;
    blksize?: number;
    blocks?: number;
    atime?: number;
    mtime?: number;
    ctime?: number;
  }

  export interface FuseStatfs {
    bsize: number;
    frsize: number;
    blocks: number;
    bfree: number;
    bavail: number;
    files: number;
    ffree: number;
    favail: number;
    fsid: number;
    flag: number;
    namemax: number;
  }

  export interface FuseOperations {
    init(reply: Reply): void;
    statfs(path: string, reply: Reply<FuseStatfs>): void;
    getattr(path: string, reply: Reply<FuseStat>): void;
    fgetattr(path: string, handle: number, reply: Reply<FuseStat>): void;
    flush(path: string, handle: number, reply: Reply): void;
    fsync(path: string, dataOnly: number, handle: number, reply: Reply): void;
    readdir(path: string, reply: (result: number, names?: string[], stats?: FuseStat[]) => void): void;
    truncate(path: string, size: number, reply: Reply): void;
    ftruncate(path: string, handle: number, size: number, reply: Reply): void;
    utimens(path: string, atimeMs: number, mtimeMs: number, reply: Reply): void;
    readlink(path: string, reply: Reply<string>): void;
    chown(path: string, uid: number, gid: number, reply: Reply): void;
    chmod(path: string, mode: number, reply: Reply): void;
    mknod(path: string, mode: number, device: number, reply: Reply): void;
    getxattr(path: string, name: string, position: number, reply: Reply<Buffer>): void;
    listxattr(path: string, reply: Reply<string[]>): void;
    open(path: string, flags: number, reply: Reply<number>): void;
    read(path: string, handle: number, into: Buffer, length: number, position: number, reply: Reply): void;
    write(path: string, handle: number, from: Buffer, length: number, position: number, reply: Reply): void;
    release(path: string, handle: number, reply: Reply): void;
    create(path: string, mode: number, reply: Reply<number>): void;
    unlink(path: string, reply: Reply): void;
    rename(from: string, to: string, reply: Reply): void;
    link(existing: string, created: string, reply: Reply): void;
    symlink(target: string, created: string, reply: Reply): void;
    mkdir(path: string, mode: number, reply: Reply): void;
    rmdir(path: string, reply: Reply): void;
  }

  export interface FuseOptions {
    /** Milliseconds until a request is answered with ETIMEDOUT; false: never. */
    timeout?: number | false;
  }

  /** Takes a result code, then what that operation's reply carries. */
  export type Signal = (result: number, ...values: unknown[]) => void;
  /** The first argument is the request's record in the memory of the C side. */
  export type Handler = (request: Buffer, opcode: number, ...values: unknown[]) => unknown;

  export default class Fuse {
    constructor(mountPoint: string, operations: Partial<FuseOperations>, options?: FuseOptions);
    readonly mnt: string;
    readonly ops: Partial<FuseOperations>;
    mount(done: (error?: Error | null) => void): void;
    unmount(done: (error?: Error | null) => void): void;
    static unmount(mountPoint: string, done: (error: Error | null) => void): void;
    protected _fuseOptions(): string;
    protected _makeHandlerArray(): Handler[];
    protected _op_fgetattr(signal: Signal, path: string, handle: number): void;
    protected _op_getxattr(signal: Signal, path: string, name: string, into: Buffer, position: number): void;
    protected _op_listxattr(signal: Signal, path: string, into: Buffer): void;
  }
}
