import test from 'ava';
import {Transcript} from './transcript.ts';

test('a new store holds /tool/xenstored, all of dom0', (t) => {
  new Transcript().play(
    t,
    `
    dom0 DIRECTORY /                -> tool
    dom0 DIRECTORY /tool            -> xenstored
    dom0 DIRECTORY /tool/xenstored  -> ''
    dom0 GET_PERMS /                -> n0
    dom0 GET_PERMS /tool            -> n0
    dom0 GET_PERMS /tool/xenstored  -> n0
    dom0 READ /                     -> ''
    `,
  );
});

test('WRITE creates missing parents, keeps every byte of the value, lists in order of creation', (t) => {
  new Transcript().play(
    t,
    `
    dom0 READ /a/b/c                -> ENOENT
    dom0 WRITE /a/b/c one           -> OK
    dom0 READ /a/b/c                -> one
    dom0 READ /a/b                  -> ''
    dom0 WRITE /a/b/c ''            -> OK
    dom0 READ /a/b/c                -> ''
    dom0 WRITE "/a/b/c\\u0000x\\u0000y\\u0000"  -> OK
    dom0 READ /a/b/c                -> x y
    dom0 WRITE /a/b/z 1             -> OK
    dom0 WRITE /a/b/a 1             -> OK
    dom0 WRITE /a/b/c 1             -> OK
    dom0 DIRECTORY /a/b             -> c z a
    dom0 RM /a/b/z                  -> OK
    dom0 DIRECTORY /a/b             -> c a
    dom0 WRITE /a/b/z 1             -> OK
    dom0 DIRECTORY /a/b             -> c a z
    `,
  );
});

test('MKDIR leaves a node that exists as it is', (t) => {
  new Transcript().play(
    t,
    `
    dom0 MKDIR /d/e       -> OK
    dom0 WRITE /d/e v     -> OK
    dom0 MKDIR /d/e       -> OK
    dom0 READ /d/e        -> v
    dom0 MKDIR /          -> OK
    `,
  );
});

test('RM takes the subtree; a missing node is no error when its parent exists', (t) => {
  new Transcript().play(
    t,
    `
    dom0 WRITE /r/s/t 1   -> OK
    dom0 WRITE /r/u 1     -> OK
    dom0 RM /r/s          -> OK
    dom0 READ /r/s/t      -> ENOENT
    dom0 DIRECTORY /r     -> u
    dom0 RM /r/s          -> OK
    dom0 RM /r/s/t        -> ENOENT
    dom0 RM /nowhere      -> OK
    dom0 RM /             -> EINVAL
    `,
  );
});

test('relative paths start at the caller domain directory; those of dom0 at /local/domain/0', (t) => {
  new Transcript().play(
    t,
    `
    dom0 WRITE name host               -> OK
    dom0 READ /local/domain/0/name     -> host
    dom0 WRITE /local/domain/1/name g  -> OK
    dom0 SET_PERMS /local/domain/1/name n0 r1  -> OK
    host introduce 1
    dom0 SET_PERMS /local/domain/1/name n0 r1  -> OK
    dom1 READ name                     -> g
    dom1 GET_DOMAIN_PATH 1             -> /local/domain/1
    dom1 GET_DOMAIN_PATH x             -> /local/domain/0
    dom1 GET_DOMAIN_PATH 12abc         -> /local/domain/12
    `,
  );
});

test('paths: names of A-Za-z0-9-_@ behind single slashes', (t) => {
  const transcript = new Transcript();
  for (const path of ['/A-z_0@9', '/@x', '/-', '/_/0', 'relative/x']) transcript.play(t, `dom0 MKDIR ${path} -> OK`);
  const bad = ['//', '/a/', '/a//b', '/a.b', '/..', '/a:b', '/a*', '/é', '@name', "''", 'a/'];
  for (const path of bad) {
    for (const request of ['READ', 'DIRECTORY', 'GET_PERMS', 'MKDIR', 'RM']) {
      transcript.play(t, `dom0 ${request} ${path} -> EINVAL`);
    }
    transcript.play(t, `dom0 WRITE ${path} v -> EINVAL`);
    transcript.play(t, `dom0 SET_PERMS ${path} n0 -> EINVAL`);
  }
  transcript.play(t, `dom0 READ "/a b\\u0000" -> EINVAL`);
});

test('a path has at most 2048 bytes behind /local/domain/<n>/, or in all', (t) => {
  const transcript = new Transcript();
  const long = (length: number): string => 'x'.repeat(length);
  transcript.play(
    t,
    `
    dom0 MKDIR /${long(2047)}                     -> OK
    dom0 MKDIR /${long(2048)}                     -> EINVAL
    dom0 MKDIR /local/domain/5/${long(2048)}      -> OK
    dom0 MKDIR /local/domain/5/${long(2049)}      -> EINVAL
    dom0 MKDIR /local/domain/12345/${long(2048)}  -> OK
    dom0 MKDIR /local/domain/123456/${long(2048)} -> EINVAL
    dom0 MKDIR /local/domain/x/${long(2048)}      -> EINVAL
    `,
  );
});

test('one-string requests take exactly one NUL, at the end', (t) => {
  const transcript = new Transcript();
  for (const request of ['READ', 'DIRECTORY', 'GET_PERMS', 'MKDIR', 'RM', 'GET_DOMAIN_PATH', 'IS_DOMAIN_INTRODUCED']) {
    for (const payload of ['', '/tool', '/tool\\u0000x', '/tool\\u0000\\u0000']) {
      transcript.play(t, `dom0 ${request} "${payload}" -> EINVAL`);
    }
  }
  transcript.play(
    t,
    `
    dom0 WRITE "/tool"                 -> EINVAL
    dom0 WRITE ""                      -> EINVAL
    dom0 SET_PERMS "/tool\\u0000"      -> EINVAL
    dom0 SET_PERMS "/tool\\u0000n0"    -> EINVAL
    dom0 SET_PERMS "/tool\\u0000n0\\u0000junk" -> OK
    dom0 DIRECTORY_PART "/tool\\u0000" -> EINVAL
    dom0 DIRECTORY_PART /tool 0 0      -> EINVAL
    `,
  );
});

test('a listing over 4096 bytes is E2BIG; DIRECTORY_PART gives whole names, an empty one ends the list', (t) => {
  const transcript = new Transcript();
  const names = Array.from({length: 600}, (_, i) => `child-${String(i).padStart(4, '0')}`);
  for (const name of names) transcript.ask('dom0', 11, `/big/${name}\0`);
  transcript.play(t, `dom0 DIRECTORY /big -> E2BIG`);
  const first = transcript.ask('dom0', 22, '/big\x000\0').split(' ').slice(1);
  // 4096 - length of the generation - its NUL - 1, in names of 10 and a NUL.
  t.true(first.length >= 371 && first.length <= 372);
  t.deepEqual(first, names.slice(0, first.length));
  const second = transcript.ask('dom0', 22, `/big\0${first.length * 11}\0`);
  t.is(second, `generation ${names.slice(first.length).join(' ')} ''`);
  transcript.play(
    t,
    `
    dom0 DIRECTORY_PART /big 6600  -> generation ''
    dom0 DIRECTORY_PART /big 9999  -> generation ''
    dom0 DIRECTORY_PART /big -1    -> generation ''
    dom0 DIRECTORY_PART /big 6594  -> generation -0599 ''
    dom0 DIRECTORY_PART /big/none 0 -> ENOENT
    dom0 DIRECTORY_PART /tool x    -> generation xenstored ''
    `,
  );
});

test('the generation of a directory changes with its children, not with theirs', (t) => {
  const transcript = new Transcript();
  const generation = (): number => transcript.store.snapshot().children.get('d')!.generation;
  transcript.ask('dom0', 11, '/d/e\0v');
  const before = generation();
  transcript.ask('dom0', 11, '/d/e\0w');
  transcript.ask('dom0', 11, '/d/e/f\0w');
  t.is(generation(), before);
  transcript.ask('dom0', 12, '/d/g\0');
  const after = generation();
  t.not(after, before);
  transcript.ask('dom0', 13, '/d/g\0');
  t.not(generation(), after);
});

test('a snapshot stays as it was', (t) => {
  const transcript = new Transcript();
  transcript.play(t, `dom0 WRITE /s/a 1 -> OK`);
  const before = transcript.store.snapshot();
  transcript.play(
    t,
    `
    dom0 WRITE /s/a 2 -> OK
    dom0 WRITE /s/b 1 -> OK
    dom0 RM /tool     -> OK
    `,
  );
  const after = transcript.store.snapshot();
  t.deepEqual([...before.children.keys()], ['tool', 's']);
  t.deepEqual([...before.children.get('s')!.children.keys()], ['a']);
  t.is(before.children.get('s')!.children.get('a')!.value, '1');
  t.deepEqual([...after.children.keys()], ['s']);
  t.is(after.children.get('s')!.children.get('a')!.value, '2');
});
