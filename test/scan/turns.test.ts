import t from 'tap';
import { Turns } from '../../src/scan/turns.js';

/** Work that writes down its beginning and end, and ends when it is told to. */
function stage() {
  const turns = new Turns();
  const told: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (name: string, isLong: boolean, body?: () => Promise<void>) =>
    turns.run(
      async () => {
        told.push(`${name} begins`);
        await (body?.() ?? new Promise<void>((resolve) => ends.set(name, resolve)));
        told.push(`${name} ends`);
        return name;
      },
      { isLong },
    );
  const end = (name: string) => ends.get(name)?.();
  return { turns, told, start, end };
}

t.test('one at a time, in the order in which they came', async (t) => {
  const { turns, told, start, end } = stage();
  const all = [start('a', false), start('b', true), start('c', false)];
  t.strictSame(told, ['a begins']);
  t.ok(turns.isWanted);
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    end(name);
    t.equal(await all[index], name);
  }
  t.strictSame(told, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  t.notOk(turns.isWanted);
});

t.test('who gives way lets the short ones in, and those let others in; long ones wait for their turn', async (t) => {
  const { turns, told, start } = stage();
  const empty = async () => undefined;
  const large = start('large', true, async () => {
    const other = start('other large', true, empty);
    const small = start('small', false, async () => {
      void start('smaller', false, empty);
      t.ok(turns.isWanted);
      await turns.giveWay();
    });
    t.ok(turns.isWanted);
    await turns.giveWay();
    t.notOk(turns.isWanted, 'the other long one does not count');
    t.equal(await small, 'small');
    void other;
  });
  await large;
  await start('last', false, empty);
  t.strictSame(told, [
    ...['large begins', 'small begins', 'smaller begins', 'smaller ends', 'small ends', 'large ends'],
    ...['other large begins', 'other large ends', 'last begins', 'last ends'],
  ]);
});

t.test('one that fails holds up nobody, and only its own caller hears of it', async (t) => {
  const { turns, told, start } = stage();
  const fail = async () => {
    throw new Error('no');
  };
  const large = start('large', true, async () => {
    const failing = start('failing', false, fail);
    const sound = start('sound', false, async () => undefined);
    await turns.giveWay();
    await t.rejects(failing, { message: 'no' });
    t.equal(await sound, 'sound');
    await fail();
  });
  const next = start('next', true, async () => undefined);
  await t.rejects(large, { message: 'no' });
  t.equal(await next, 'next');
  t.match(told.at(-1), 'next ends');
});
