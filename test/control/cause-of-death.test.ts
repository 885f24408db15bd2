import { spawnSync } from 'node:child_process';
import t from 'tap';
import { causeOfDeath } from '../../src/control/cause-of-death.js';

function stderrOf(code: string): string {
  return spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stderr;
}

t.test('the error is told, not what Node prints around it', (t) => {
  t.equal(causeOfDeath(stderrOf("throw new TypeError('no table')")), 'TypeError: no table');
  t.equal(causeOfDeath(stderrOf('nothing.here()')), 'ReferenceError: nothing is not defined');
  const withDetails = "throw Object.assign(new Error('disk'), { errno: -5, code: 'EIO' })";
  t.match(causeOfDeath(stderrOf(withDetails)), /^Error: disk/);
  t.match(causeOfDeath(stderrOf("import 'nowhere-to-be-found'")), /nowhere-to-be-found/);
  t.end();
});

t.test('a program that died otherwise is quoted by its last line', (t) => {
  t.equal(causeOfDeath('proxyfsd: the pool is full\n'), 'the pool is full');
  t.equal(causeOfDeath('terminate called after throwing\n  what():  bad node\nAborted\n'), 'Aborted');
  t.equal(causeOfDeath(''), '');
  t.end();
});
