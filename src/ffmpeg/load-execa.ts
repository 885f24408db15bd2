/** A hundred modules that a mount need not wait for: they are loaded when the first program is run. */

export async function loadExeca(): Promise<typeof import('execa').execa> {
  return (await import('execa')).execa;
}
