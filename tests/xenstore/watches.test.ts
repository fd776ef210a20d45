import test, {type ExecutionContext} from 'ava';
import {Transcript} from './transcript.ts';

function withGuests(t: ExecutionContext): Transcript {
  const transcript = new Transcript();
  transcript.play(
    t,
    `
    host introduce 1
    host introduce 2
    dom0 MKDIR /local/domain/1         -> OK
    dom0 SET_PERMS /local/domain/1 n1  -> OK
    dom0 MKDIR /local/domain/2         -> OK
    dom0 SET_PERMS /local/domain/2 n2  -> OK
    `,
  );
  return transcript;
}

test('WATCH answers, then sends a first event in the spelling of the request, even for nothing', (t) => {
  withGuests(t).play(
    t,
    `
    dom0 WATCH /none token             -> OK
      dom0: /none token
    dom1 WATCH data/x token            -> OK
      dom1: data/x token
    dom1 WATCH /secret ''              -> OK
      dom1: /secret ''
    dom1 WATCH @anything token         -> OK
      dom1: @anything token
    `,
  );
});

test('one path has one watch a token, in any spelling', (t) => {
  withGuests(t).play(
    t,
    `
    dom1 WATCH data t                  -> OK
      dom1: data t
    dom1 WATCH data t                  -> EEXIST
    dom1 WATCH /local/domain/1/data t  -> EEXIST
    dom1 WATCH /local/domain/1/data u  -> OK
      dom1: /local/domain/1/data u
    dom1 WRITE data v                  -> OK
      dom1: data t (first)
      dom1: /local/domain/1/data u (first)
    dom1 UNWATCH /local/domain/1/data t -> OK
    dom1 UNWATCH data t                -> ENOENT
    dom1 UNWATCH data/none t           -> ENOENT
    dom1 WRITE data v                  -> OK
      dom1: /local/domain/1/data u (first)
    `,
  );
});

test('WATCH and UNWATCH take two strings and do not look at the transaction', (t) => {
  withGuests(t).play(
    t,
    `
    dom0 WATCH /a                      -> EINVAL
    dom0 WATCH ""                      -> EINVAL
    dom0 WATCH "/a\\u0000t"            -> EINVAL
    dom0 WATCH /a t more               -> EINVAL
    dom0 WATCH "/a\\u0000t\\u0000junk" -> OK
      dom0: /a t
    dom0 WATCH /a/ t                   -> EINVAL
    dom0 WATCH '' t                    -> EINVAL
    dom0 UNWATCH /a                    -> EINVAL
    dom0 #99 UNWATCH /a t              -> OK
    dom0 #99 WATCH /a t                -> OK
      dom0: /a t
    `,
  );
});

test('an event names the changed node; a watch hears of its node and of all below, by whole names', (t) => {
  withGuests(t).play(
    t,
    `
    dom0 WATCH / root                  -> OK
      dom0: / root
    dom0b WATCH /w/p t                 -> OK
      dom0b: /w/p t
    dom0 WRITE /w/p v                  -> OK
      dom0: /w/p root (first)
      dom0b: /w/p t
    dom0 WRITE /w/p/q/r v              -> OK
      dom0: /w/p/q/r root (first)
      dom0b: /w/p/q/r t
    dom0 WRITE /w/pp v                 -> OK
      dom0: /w/pp root (first)
    dom0 MKDIR /w/p                    -> OK
    dom0 SET_PERMS /w/p n0 r1          -> OK
      dom0: /w/p root (first)
      dom0b: /w/p t
    dom0 MKDIR /w                      -> OK
    dom0 WRITE /w v                    -> OK
      dom0: /w root (first)
    `,
  );
});

test('one event for a node created with its parents', (t) => {
  withGuests(t).play(
    t,
    `
    dom0 WATCH /n t                    -> OK
      dom0: /n t
    dom0 MKDIR /n/a/b/c                -> OK
      dom0: /n/a/b/c t (first)
    `,
  );
});

test('a relative watch sees relative paths', (t) => {
  withGuests(t).play(
    t,
    `
    dom1 WATCH device t                -> OK
      dom1: device t
    dom0 WRITE /local/domain/1/device/vbd/0/state 1 -> OK
      dom1: device/vbd/0/state t
    dom0 WRITE /local/domain/1/device v -> OK
      dom1: device t
    `,
  );
});

test('RM tells of the subtree from the leaves up: inner nodes to watches on them alone, the root to those above too', (t) => {
  withGuests(t).play(
    t,
    `
    dom0 WRITE /x/r/a/b v              -> OK
    dom0 WRITE /x/r/c v                -> OK
    dom0 WATCH /x above                -> OK
      dom0: /x above
    dom0 WATCH /x/r/a/b leaf           -> OK
      dom0: /x/r/a/b leaf
    dom0 WATCH /x/r/a inner            -> OK
      dom0: /x/r/a inner
    dom0 WATCH /x/r/c second           -> OK
      dom0: /x/r/c second
    dom0 WATCH /x/r root               -> OK
      dom0: /x/r root
    dom0 WATCH /x/r/none nothing       -> OK
      dom0: /x/r/none nothing
    dom0 RM /x/r                       -> OK
      dom0: /x/r/a/b leaf (first)
      dom0: /x/r/a inner (first)
      dom0: /x/r/c second (first)
      dom0: /x/r above (first)
      dom0: /x/r root (first)
    `,
  );
});

test('a guest hears of nodes that it may read, or whose parent it may read', (t) => {
  withGuests(t).play(
    t,
    `
    dom2 WATCH /local/domain/1 t       -> OK
      dom2: /local/domain/1 t
    dom1 WRITE data v                  -> OK
    dom1 SET_PERMS data n1 r2          -> OK
      dom2: /local/domain/1/data t
    dom1 WRITE data w                  -> OK
      dom2: /local/domain/1/data t
    dom1 WRITE data/hidden v           -> OK
      dom2: /local/domain/1/data/hidden t
    dom1 SET_PERMS data/hidden n1      -> OK
      dom2: /local/domain/1/data/hidden t
    dom1 WRITE data/hidden v           -> OK
      dom2: /local/domain/1/data/hidden t
    dom1 SET_PERMS data n1             -> OK
      dom2: /local/domain/1/data t
    dom1 WRITE data/hidden v           -> OK
    dom1 WRITE data v                  -> OK
    dom1 RM data                       -> OK
    `,
  );
});

test('special watches are exact and need the right to read them', (t) => {
  const transcript = withGuests(t);
  transcript.play(
    t,
    `
    dom0 WATCH @introduceDomain i      -> OK
      dom0: @introduceDomain i
    dom0 WATCH @releaseDomain r        -> OK
      dom0: @releaseDomain r
    dom1 WATCH @releaseDomain r        -> OK
      dom1: @releaseDomain r
    host introduce 3
      dom0: @introduceDomain i
    host introduce 3
    host shutdown 3
      dom0: @releaseDomain r
    host shutdown 3
    dom0 RESUME 3                      -> OK
    host shutdown 3
      dom0: @releaseDomain r
    dom0 SET_PERMS @releaseDomain n0 r1 -> OK
    host gone 3
      dom0: @releaseDomain r
      dom1: @releaseDomain r
    host gone 3
    `,
  );
});

test('RESET_WATCHES drops watches and transactions', (t) => {
  withGuests(t).play(
    t,
    `
    dom1 WATCH data t                  -> OK
      dom1: data t
    dom1 TRANSACTION_START ''          -> 1
    dom1 RESET_WATCHES ''              -> OK
    dom1 WRITE data v                  -> OK
    dom1 #1 READ data                  -> ENOENT
    dom1 TRANSACTION_START ''          -> 2
    dom1 WATCH data t                  -> OK
      dom1: data t
    `,
  );
});

test('events that wait are not queued twice; special ones are', (t) => {
  const transcript = withGuests(t);
  const watcher = transcript.store.connectInProcess();
  const seen: string[] = [];
  watcher.receive({onMessage: ({payload}) => seen.push(payload), onClose: () => undefined});
  watcher.request(4, 0, '/q\0t\0');
  watcher.request(4, 0, '@introduceDomain\0t\0');
  transcript.settle();
  seen.length = 0;
  const writer = transcript.store.connectInProcess();
  for (const path of ['/q/a', '/q/b', '/q/a', '/q/a']) writer.request(11, 0, `${path}\0v`);
  transcript.store.introduce(2);
  transcript.store.introduce(3);
  transcript.domains.add(4);
  transcript.store.introduce(4);
  transcript.settle();
  t.deepEqual(seen, ['/q/a\0t\0', '/q/b\0t\0', '@introduceDomain\0t\0', '@introduceDomain\0t\0']);
  writer.request(11, 0, `/q/a\0v`);
  transcript.settle();
  t.is(seen.length, 5);
});

test('an event longer than a message is dropped', (t) => {
  const transcript = withGuests(t);
  const token = 't'.repeat(2100);
  const path = `/${'p'.repeat(2000)}`;
  const watcher = transcript.store.connectInProcess();
  const seen: string[] = [];
  watcher.receive({onMessage: ({payload}) => seen.push(payload), onClose: () => undefined});
  t.is(watcher.request(4, 0, `/\0${token}\0`), 'OK\0');
  transcript.settle();
  t.is(seen.length, 1);
  transcript.ask('dom0', 11, `${path}\0v`);
  t.is(seen.length, 1);
  transcript.ask('dom0', 11, `/short\0v`);
  t.is(seen.length, 2);
});
