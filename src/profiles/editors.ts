/** Editing programs: how their processes are called, and the set that suits them. Data and lookups. Pure. */

export const EDITORS = ['premiere', 'resolve', 'avid', 'fcp', 'kdenlive'] as const;
export type Editor = (typeof EDITORS)[number];

interface EditorFacts {
  readonly title: string;
  readonly set: string;
  /** Against the name of the process, of which Linux keeps 15 characters. */
  readonly process: RegExp;
}

const FACTS: Readonly<Record<Editor, EditorFacts>> = {
  premiere: { title: 'Premiere Pro', set: 'edit', process: /premiere/i },
  // Resolve on Linux decodes neither AAC nor, in its free version, H.264; DNxHR is its own cache format.
  resolve: { title: 'DaVinci Resolve', set: 'edit_dnx', process: /^(davinci ?)?resolve/i },
  avid: { title: 'Avid Media Composer', set: 'edit_dnx', process: /^avid|media ?composer/i },
  fcp: { title: 'Final Cut Pro', set: 'edit', process: /final ?cut/i },
  kdenlive: { title: 'Kdenlive', set: 'edit', process: /^(kdenlive|melt|shotcut|flowblade|olive-editor)/i },
};

export function setOfEditor(editor: Editor): string {
  return FACTS[editor].set;
}

export function titleOfEditor(editor: Editor): string {
  return FACTS[editor].title;
}

/** The editor behind a process, if it is one. */
export function editorOfProcess(name: string): Editor | undefined {
  return EDITORS.find((editor) => FACTS[editor].process.test(name));
}
