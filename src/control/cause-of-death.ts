/** What a program that died said last, in one sentence. Pure. */

const THROWN = /^(?:[\w$]*(?:Error|Exception)|Uncaught)\b.*: ./;
/** Said by the runtime after the reason, or for those who debug it. */
const NOISE = /^(?:Node\.js v\d|\s+at |\s*\^|\(Use `node|\s*\w+: .*[,{]$|[{}]$)/;

/** The line that names the error; without one the last that says something; empty when nothing was said. */
export function causeOfDeath(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const said = lines.find((line) => THROWN.test(line)) ?? lines.filter((line) => !NOISE.test(line)).at(-1) ?? '';
  return said.trim().replace(/^proxyfsd: /, '');
}
