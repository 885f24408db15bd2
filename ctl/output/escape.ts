/** Names as they can be shown: nothing in a file name may move the cursor or end a line. */

/** C0 and C1 controls, line separators, and marks that reorder or hide text. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A file name on one line; a backslash of its own is doubled when something was escaped. */
export function escapeName(name: string): string {
  if (name.search(UNSAFE) === -1) return name;
  return escapeText(name.replaceAll('\\', '\\\\'));
}

/** A sentence on one line. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => SHORT[character] ?? codeOf(character));
}

function codeOf(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
