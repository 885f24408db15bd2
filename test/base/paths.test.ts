import t from 'tap';
import { ProxyfsError } from '../../src/base/error.js';
import { isAtOrBelow, toRealPath, toVirtualPath, virtualPathBelow } from '../../src/base/paths.js';

t.test('a virtual path is normalised and never leaves the project', async (t) => {
  t.equal(toVirtualPath('a//b/./c'), 'a/b/c');
  t.equal(toVirtualPath(''), '');
  t.equal(toVirtualPath('..a/b'), '..a/b');
  for (const bad of ['..', 'a/../..', '/etc', 'a\0b']) {
    t.throws(() => toVirtualPath(bad), { code: 'path/outside-project' }, JSON.stringify(bad));
  }
});

t.test('a real path is absolute', async (t) => {
  t.equal(toRealPath('/a/../b'), '/b');
  t.throws(() => toRealPath('a'), ProxyfsError);
});

t.test('a path below a root is recognised by components, not by prefix', async (t) => {
  t.equal(virtualPathBelow('/a/b', '/a/b/c'), 'c');
  t.equal(virtualPathBelow('/a/b', '/a/b'), '');
  t.equal(virtualPathBelow('/a/b', '/a/bc'), undefined);
  t.equal(virtualPathBelow('/a/b', '/a'), undefined);
  t.equal(virtualPathBelow('/a/b', '/a/b/..c'), '..c');
  t.ok(isAtOrBelow(toVirtualPath('a/b'), toVirtualPath('a')));
  t.notOk(isAtOrBelow(toVirtualPath('ab'), toVirtualPath('a')));
  t.ok(isAtOrBelow(toVirtualPath('ab'), toVirtualPath('')));
});
