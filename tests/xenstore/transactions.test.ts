import test, {type ExecutionContext} from 'ava';
import {Transcript} from './transcript.ts';

function withNodes(t: ExecutionContext, options?: ConstructorParameters<typeof Transcript>[0]): Transcript {
  const transcript = new Transcript(options);
  transcript.play(
    t,
    `
    dom0 WRITE /t/a 1    -> OK
    dom0 WRITE /t/b 2    -> OK
    `,
  );
  return transcript;
}

test('changes show inside at once, outside with the commit, in one go', (t) => {
  withNodes(t).play(
    t,
    `
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 WRITE /t/a new      -> OK
    dom0 #1 WRITE /t/c/d v      -> OK
    dom0 #1 RM /t/b             -> OK
    dom0 #1 READ /t/a           -> new
    dom0 #1 READ /t/b           -> ENOENT
    dom0 #1 DIRECTORY /t        -> a c
    dom0 #1 DIRECTORY_PART /t 0 -> generation a c ''
    dom0 READ /t/a              -> 1
    dom0 DIRECTORY /t           -> a b
    dom0 #1 TRANSACTION_END T   -> OK
    dom0 READ /t/a              -> new
    dom0 DIRECTORY /t           -> a c
    dom0 READ /t/c/d            -> v
    dom0 #1 READ /t/a           -> ENOENT
    `,
  );
});

test('an aborted transaction leaves nothing', (t) => {
  withNodes(t).play(
    t,
    `
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 WRITE /t/a new      -> OK
    dom0 #1 TRANSACTION_END F   -> OK
    dom0 READ /t/a              -> 1
    dom0 #1 TRANSACTION_END F   -> ENOENT
    `,
  );
});

test('ids count from 1 on each connection, and are known there only', (t) => {
  withNodes(t).play(
    t,
    `
    dom0 TRANSACTION_START ''        -> 1
    dom0 TRANSACTION_START ''        -> 2
    dom0b TRANSACTION_START ''       -> 1
    dom0 #1 TRANSACTION_START ''     -> EBUSY
    dom0b #2 READ /t/a               -> ENOENT
    dom0 #77 WRITE /t/a v            -> ENOENT
    dom0 #77 GET_DOMAIN_PATH 1       -> ENOENT
    dom0 TRANSACTION_END T           -> ENOENT
    dom0 #1 TRANSACTION_END X        -> EINVAL
    dom0 #1 TRANSACTION_END "T"      -> EINVAL
    dom0 #1 TRANSACTION_END ""       -> EINVAL
    dom0 #1 TRANSACTION_END T        -> OK
    dom0 #2 TRANSACTION_END T        -> OK
    `,
  );
});

/** What the transaction does, what happens outside meanwhile, how its commit ends. */
const conflicts: readonly [title: string, inside: string, outside: string, end: 'OK' | 'EAGAIN'][] = [
  ['a node read, then written outside', 'READ /t/a -> 1', 'WRITE /t/a x', 'EAGAIN'],
  ['a node written in both', 'WRITE /t/a y -> OK', 'WRITE /t/a x', 'EAGAIN'],
  ['the same value written in both', 'WRITE /t/a x -> OK', 'WRITE /t/a x', 'EAGAIN'],
  ['another node', 'READ /t/a -> 1', 'WRITE /t/b x', 'OK'],
  ['a node found missing, then created', 'READ /t/n -> ENOENT', 'WRITE /t/n x', 'EAGAIN'],
  [
    'a node found missing, then a sibling created: its parent was consulted',
    'READ /t/n -> ENOENT',
    'MKDIR /t/m',
    'EAGAIN',
  ],
  ['a node removed', 'READ /t/a -> 1', 'RM /t/a', 'EAGAIN'],
  ['a directory read, a child created', 'DIRECTORY /t -> a b', 'MKDIR /t/c', 'EAGAIN'],
  ['a directory read, a child written', 'DIRECTORY /t -> a b', 'WRITE /t/a x', 'OK'],
  ['a directory read, a grandchild created', 'DIRECTORY /t -> a b', 'MKDIR /t/a/x', 'OK'],
  ['siblings created', 'MKDIR /t/c -> OK', 'MKDIR /t/d', 'EAGAIN'],
  ['permissions read, then set', 'GET_PERMS /t/a -> n0', 'SET_PERMS /t/a n0', 'EAGAIN'],
  ['a node removed in both', 'RM /t/a -> OK', 'RM /t/a', 'EAGAIN'],
  ['nothing touched', 'GET_DOMAIN_PATH 1 -> /local/domain/1', 'WRITE /t/a x', 'OK'],
];

for (const [title, inside, outside, end] of conflicts) {
  test(`conflict: ${title}: ${end}`, (t) => {
    withNodes(t).play(
      t,
      `
      dom0 TRANSACTION_START ''   -> 1
      dom0 #1 ${inside}
      dom0b ${outside}            -> OK
      dom0 #1 TRANSACTION_END T   -> ${end}
      dom0 #1 READ /t             -> ENOENT
      `,
    );
  });
}

test('a change outside before the first access is seen, and no conflict', (t) => {
  withNodes(t).play(
    t,
    `
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 READ /t/b           -> 2
    dom0b WRITE /t/a x          -> OK
    dom0 #1 READ /t/a           -> x
    dom0b READ /t/b             -> 2
    dom0 #1 TRANSACTION_END T   -> OK
    `,
  );
});

test('what was touched stays as it was for the transaction', (t) => {
  withNodes(t).play(
    t,
    `
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 READ /t/a           -> 1
    dom0 #1 DIRECTORY /t        -> a b
    dom0b WRITE /t/a x          -> OK
    dom0b MKDIR /t/c            -> OK
    dom0b RM /t/b               -> OK
    dom0 #1 READ /t/a           -> 1
    dom0 #1 DIRECTORY /t        -> a b
    dom0 #1 TRANSACTION_END T   -> EAGAIN
    `,
  );
});

test('order of children: removed and created again goes last, as in the order of writing', (t) => {
  withNodes(t).play(
    t,
    `
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 READ /t/z           -> ENOENT
    dom0 #1 MKDIR /t/y          -> OK
    dom0 #1 MKDIR /t/z          -> OK
    dom0 #1 WRITE /t/a/sub v    -> OK
    dom0 #1 RM /t/a             -> OK
    dom0 #1 WRITE /t/a again    -> OK
    dom0 #1 DIRECTORY /t        -> b y z a
    dom0 #1 TRANSACTION_END T   -> OK
    dom0 DIRECTORY /t           -> b y z a
    dom0 DIRECTORY /t/a         -> ''
    dom0 READ /t/a              -> again
    `,
  );
});

test('a subtree removed and partly built again', (t) => {
  withNodes(t).play(
    t,
    `
    dom0 WRITE /t/a/x/deep v    -> OK
    dom0 WRITE /t/a/y v         -> OK
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 RM /t/a             -> OK
    dom0 #1 READ /t/a/x/deep    -> ENOENT
    dom0 #1 WRITE /t/a/y/z w    -> OK
    dom0 #1 DIRECTORY /t/a      -> y
    dom0 #1 TRANSACTION_END T   -> OK
    dom0 DIRECTORY /t/a         -> y
    dom0 READ /t/a/y            -> ''
    dom0 READ /t/a/y/z          -> w
    dom0 READ /t/a/x            -> ENOENT
    `,
  );
});

test('events come with the commit, one a changed node, in order of first access', (t) => {
  withNodes(t).play(
    t,
    `
    dom0b WATCH /t t            -> OK
      dom0b: /t t
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 READ /t/b           -> 2
    dom0 #1 WRITE /t/c/d v      -> OK
    dom0 #1 WRITE /t/b v        -> OK
    dom0 #1 WRITE /t/b w        -> OK
    dom0 #1 SET_PERMS /t/b n0   -> OK
    dom0 #1 MKDIR /t/gone       -> OK
    dom0 #1 RM /t/gone          -> OK
    dom0 #1 RM /t/a             -> OK
    dom0 #1 TRANSACTION_END T   -> OK
      dom0b: /t/b t
      dom0b: /t/c/d t
      dom0b: /t/a t
    dom0 TRANSACTION_START ''   -> 2
    dom0 #2 WRITE /t/b v        -> OK
    dom0 #2 TRANSACTION_END F   -> OK
    `,
  );
});

test('RM of a subtree in a transaction: inner nodes to watches on them alone', (t) => {
  withNodes(t).play(
    t,
    `
    dom0b WATCH / root          -> OK
      dom0b: / root
    dom0b WATCH /t/a inner      -> OK
      dom0b: /t/a inner
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 RM /t               -> OK
    dom0 #1 TRANSACTION_END T   -> OK
      dom0b: /t root
      dom0b: /t/a inner
    `,
  );
});

test('a transaction refuses to remove a node that its parent does not have yet', (t) => {
  withNodes(t).play(
    t,
    `
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 DIRECTORY /t        -> a b
    dom0b WRITE /t/c v          -> OK
    dom0 #1 RM /t/c             -> EIO
    dom0 #1 TRANSACTION_END T   -> EAGAIN
    `,
  );
});

test('a guest hears of a commit as it could see each node when it changed', (t) => {
  withNodes(t).play(
    t,
    `
    host introduce 1
    dom0 SET_PERMS /t n0 r1     -> OK
    dom1 WATCH /t t             -> OK
      dom1: /t t
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 WRITE /t/new v      -> OK
    dom0 #1 SET_PERMS /t/new n0 -> OK
    dom0 #1 WRITE /t/a v        -> OK
    dom0 #1 RM /t/b             -> OK
    dom0 #1 TRANSACTION_END T   -> OK
      dom1: /t/new t
      dom1: /t/a t
    `,
  );
});

test('the fault plan can make a commit conflict', (t) => {
  let faults = 1;
  withNodes(t, {conflictFault: () => faults-- > 0}).play(
    t,
    `
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 TRANSACTION_END T   -> EAGAIN
    dom0 TRANSACTION_START ''   -> 2
    dom0 #2 TRANSACTION_END T   -> OK
    `,
  );
});

test('a removal that stops half way in a transaction leaves what it has not reached', (t) => {
  withNodes(t).play(
    t,
    `
    dom0 WRITE /u/a v           -> OK
    dom0 WRITE /u/b v           -> OK
    dom0 TRANSACTION_START ''   -> 1
    dom0 #1 DIRECTORY /u        -> a b
    dom0b RM /u/b               -> OK
    dom0 #1 RM /u               -> EIO
    dom0 #1 DIRECTORY /u        -> b
    dom0 #1 TRANSACTION_END T   -> EAGAIN
    dom0 DIRECTORY /u           -> a
    `,
  );
});
