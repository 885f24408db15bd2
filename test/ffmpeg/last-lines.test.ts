import t from 'tap';
import { LastLines, tellingLines } from '../../src/ffmpeg/last-lines.js';

t.test('the last lines are kept, however the output is cut into pieces', async (t) => {
  const output = 'one\n\ntwo\r\nthree\rfour\nfive';
  for (let cut = 0; cut <= output.length; cut += 1) {
    const lines = new LastLines(3);
    lines.push(output.slice(0, cut));
    lines.push(output.slice(cut));
    t.same(lines.lines(), ['three', 'four', 'five'], `cut at ${cut}`);
  }
});

t.test('one failure has one wording: no addresses, no counts of repetitions', async (t) => {
  const said = (address: string) =>
    tellingLines(`[prores @ ${address}] invalid frame header\n    Last message repeated 17 times\nInvalid data\n`);
  t.same(said('0x55f13502c440'), ['[prores] invalid frame header', 'Invalid data']);
  t.same(said('0x7f0000000010'), said('0x55f13502c440'));
  t.same(tellingLines('Last message repeated often'), ['Last message repeated often']);
});
