import test, {type ExecutionContext} from 'ava';
import {XS} from '../../hypervisor/xenstore/index.ts';
import {Transcript} from './transcript.ts';

function withGuest(t: ExecutionContext): Transcript {
  const transcript = new Transcript();
  transcript.play(
    t,
    `
    host introduce 1
    dom0 MKDIR /local/domain/1         -> OK
    dom0 SET_PERMS /local/domain/1 n1  -> OK
    `,
  );
  return transcript;
}

const bytes = (count: number): string => 'x'.repeat(count);

/** Creates nodes until the store refuses. */
function fill(transcript: Transcript, prefix: string): number {
  for (let count = 0; ; count++) {
    // A directory for 32 each: a record holds so many names only.
    const path = `${prefix}${count >> 5}/${count}`;
    const reply = transcript.ask('dom1', XS.MKDIR, `${path}\0`);
    if (reply !== 'OK') return count;
  }
}

test('a guest owns at most 1000 nodes; dom0 gives it more', (t) => {
  const transcript = withGuest(t);
  const created = fill(transcript, 'n');
  // With the directories and its own.
  t.is(created + Math.ceil(created / 32) + 1, 1000);
  transcript.play(
    t,
    `
    dom1 MKDIR more                    -> ENOSPC
    dom1 WRITE more v                  -> ENOSPC
    dom1 WRITE n0/0 v                  -> OK
    dom1 RM n0/0                       -> OK
    dom1 MKDIR two/nodes               -> ENOSPC
    dom1 MKDIR one                     -> OK
    dom1 MKDIR another                 -> ENOSPC
    dom0 MKDIR /local/domain/1/another -> OK
    dom1 RM n1                         -> OK
    dom1 MKDIR two/nodes               -> OK
    `,
  );
});

test('in a transaction the count is checked at the commit, which must stay below 1000', (t) => {
  const transcript = withGuest(t);
  fill(transcript, 'n');
  transcript.play(
    t,
    `
    dom1 RM n0/0                       -> OK
    dom1 RM n0/1                       -> OK
    dom1 TRANSACTION_START ''          -> 1
    dom1 #1 MKDIR a                    -> OK
    dom1 #1 MKDIR b                    -> OK
    dom1 #1 TRANSACTION_END T          -> ENOSPC
    dom1 TRANSACTION_START ''          -> 2
    dom1 #2 MKDIR a                    -> OK
    dom1 #2 TRANSACTION_END T          -> OK
    dom1 MKDIR b                       -> OK
    dom1 TRANSACTION_START ''          -> 3
    dom1 #3 MKDIR c                    -> ENOSPC
    dom1 #3 WRITE a v                  -> OK
    dom1 #3 TRANSACTION_END T          -> OK
    `,
  );
});

test('a transaction that tried to create a node and gave permissions is held to the count, although nothing is created', (t) => {
  const transcript = withGuest(t);
  fill(transcript, 'n');
  transcript.play(
    t,
    `
    dom1 TRANSACTION_START ''          -> 1
    dom1 #1 MKDIR more                 -> ENOSPC
    dom1 #1 TRANSACTION_END T          -> OK
    dom1 TRANSACTION_START ''          -> 2
    dom1 #2 MKDIR more                 -> ENOSPC
    dom1 #2 SET_PERMS n0 n1 r0         -> OK
    dom1 #2 TRANSACTION_END T          -> ENOSPC
    `,
  );
});

test('a record of 2048 bytes is too big: 24, 8 a permission, the value, the names of the children', (t) => {
  withGuest(t).play(
    t,
    `
    dom1 WRITE v ${bytes(2015)}        -> OK
    dom1 WRITE v ${bytes(2016)}        -> ENOSPC
    dom1 WRITE w ${bytes(2016)}        -> ENOSPC
    dom1 SET_PERMS v n1 r0             -> ENOSPC
    dom1 WRITE v ${bytes(2007)}        -> OK
    dom1 SET_PERMS v n1 r0             -> OK
    dom1 WRITE v ${bytes(2008)}        -> ENOSPC
    dom1 MKDIR v/x                     -> ENOSPC
    dom1 MKDIR new/${bytes(2014)}      -> OK
    dom1 MKDIR newer/${bytes(2015)}    -> ENOSPC
    dom1 DIRECTORY newer               -> ENOENT
    dom0 WRITE /local/domain/1/v ${bytes(4000)} -> OK
    dom1 READ v                        -> ${bytes(4000)}
    dom1 SET_PERMS v n1                -> ENOSPC
    dom1 RM v                          -> OK
    `,
  );
});

test('a directory of a guest takes names until its record is full', (t) => {
  const transcript = withGuest(t);
  let count = 0;
  while (transcript.ask('dom1', XS.MKDIR, `d/${count}\0`) === 'OK') count++;
  t.is(count, 531);
});

test('a transaction that met the size limit cannot be committed', (t) => {
  withGuest(t).play(
    t,
    `
    dom1 TRANSACTION_START ''          -> 1
    dom1 #1 WRITE v ${bytes(2016)}     -> ENOSPC
    dom1 #1 READ v                     -> ENOENT
    dom1 #1 WRITE w 1                  -> OK
    dom1 #1 TRANSACTION_END T          -> ENOMEM
    dom1 READ w                        -> ENOENT
    `,
  );
});

test('129 watches fit', (t) => {
  const transcript = withGuest(t);
  for (let i = 0; i < 129; i++) transcript.play(t, `dom1 WATCH w t${i} -> OK\ndom1: w t${i}`);
  transcript.play(
    t,
    `
    dom1 WATCH w more                  -> E2BIG
    dom1 WATCH w t0                    -> EEXIST
    dom1 UNWATCH w t0                  -> OK
    dom1 WATCH w more                  -> OK
      dom1: w more
    dom1 WATCH w evenMore              -> E2BIG
    dom1 RESET_WATCHES ''              -> OK
    dom1 WATCH w evenMore              -> OK
      dom1: w evenMore
    `,
  );
});

test('11 transactions fit', (t) => {
  const transcript = withGuest(t);
  for (let i = 1; i <= 11; i++) transcript.play(t, `dom1 TRANSACTION_START '' -> ${i}`);
  transcript.play(
    t,
    `
    dom1 TRANSACTION_START ''          -> ENOSPC
    dom1 #4 TRANSACTION_END F          -> OK
    dom1 TRANSACTION_START ''          -> 12
    dom1 TRANSACTION_START ''          -> ENOSPC
    `,
  );
});

test('a transaction touches at most 1024 nodes, and cannot be committed when it wanted more', (t) => {
  const transcript = withGuest(t);
  transcript.play(t, `dom1 TRANSACTION_START '' -> 1`);
  // Each of these is one node; the first touches the parent too.
  for (let i = 0; i < 1023; i++) t.is(transcript.ask('dom1', XS.READ, `m${i}\0`, 1), 'ENOENT');
  transcript.play(
    t,
    `
    dom1 #1 READ more                  -> ENOSPC
    dom1 #1 MKDIR more                 -> ENOSPC
    dom1 #1 RM more                    -> ENOSPC
    dom1 #1 READ m5                    -> ENOENT
    dom1 #1 WRITE m5 v                 -> OK
    dom1 #1 TRANSACTION_END T          -> ENOMEM
    dom1 READ m5                       -> ENOENT
    `,
  );
});

test('dom0 has no quota', (t) => {
  const transcript = withGuest(t);
  for (let i = 0; i < 1200; i++) transcript.ask('dom0', XS.WRITE, `/many/${i}\0${bytes(3000)}`);
  for (let i = 0; i < 200; i++) t.is(transcript.ask('dom0', XS.WATCH, `/w\0${i}\0`), 'OK');
  for (let i = 0; i < 50; i++) t.is(transcript.ask('dom0', XS.TRANSACTION_START, `\0`), String(i + 1));
  t.is(transcript.store.snapshot().children.get('many')!.children.size, 1200);
});
