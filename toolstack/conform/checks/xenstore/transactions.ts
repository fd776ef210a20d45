import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {
  answersInsteadOf,
  ignoresTransactions,
  swallows,
  takesGuestsForDom0,
  tiresOf,
  understands,
} from '../../mutants/xenstored.ts';
import {scripted} from './scripted.ts';

const MAX_TRANSACTIONS = 10;
const BIG = 'v'.repeat(2100);

const alwaysDiscards = understands('discards every transaction', (request) =>
  request.type === XS.TRANSACTION_END ? {...request, payload: 'F\0'} : request,
);
const alwaysCommits = understands('commits every transaction', (request) =>
  request.type === XS.TRANSACTION_END ? {...request, payload: 'T\0'} : request,
);

export const storeTransactionChecks: readonly Check[] = [
  scripted(
    'XS-TXN-01',
    `
    d0 WRITE /conform/a 1       -> OK
    d0 TRANSACTION_START ''     -> #t
    d0 #t READ /conform/a       -> 1
    d0 #t WRITE /conform/b 2    -> OK
    d0 #t READ /conform/b       -> 2
    d0b READ /conform/b         -> ENOENT
    d0b WRITE /conform/a 9      -> OK
    d0 #t READ /conform/a       -> 1
    d0 #t DIRECTORY /conform    -> a b or b a
    d0b DIRECTORY /conform      -> a
    d0 #t TRANSACTION_END F     -> OK
    d0 TRANSACTION_START ''     -> #u
    d0 #u WRITE /conform/c 3    -> OK
    d0 #u TRANSACTION_END T     -> OK
    d0b READ /conform/c         -> 3
    `,
    [ignoresTransactions, alwaysDiscards],
  ),
  ...(
    [
      ['a value that was read', 'READ /conform/a', 'WRITE /conform/a 9'],
      ['a value that was written', 'WRITE /conform/a 1', 'WRITE /conform/a 9'],
      ['a node that was removed', 'READ /conform/a', 'RM /conform/a'],
      ['a node that was not there', 'READ /conform/none', 'WRITE /conform/none v'],
      ['permissions', 'GET_PERMS /conform/a', 'SET_PERMS /conform/a r0'],
      ['a list of children', 'DIRECTORY /conform', 'WRITE /conform/more v'],
    ] as const
  ).map(([variant, inside, outside]) =>
    scripted(
      'XS-TXN-02',
      `
      d0 WRITE /conform/a 1       -> OK
      d0 TRANSACTION_START ''     -> #t
      d0 #t ${inside} -> ${inside.includes('none') ? 'ENOENT' : '*'}
      d0 #t WRITE /conform/result v -> OK
      d0b ${outside} -> OK
      d0 #t TRANSACTION_END T     -> EAGAIN
      d0 READ /conform/result     -> ENOENT
      d0 #t READ /conform/a       -> ENOENT
      `,
      [answersInsteadOf('EAGAIN', 'OK'), ignoresTransactions],
      variant,
    ),
  ),
  check(
    'xenstored',
    'XS-TXN-03',
    async (stand) => {
      await stand.play(`
        d0 MKDIR /conform/one        -> OK
        d0 MKDIR /conform/two        -> OK
        d0 TRANSACTION_START ''      -> #one
        d0b TRANSACTION_START ''     -> #two
      `);
      const start = async (name: string): Promise<number> =>
        Number.parseInt((await stand.ask(name, XS.TRANSACTION_START, '\0')).message.payload, 10);
      const commits: boolean[] = [];
      const both = [
        ['d0', await start('d0'), 'one'],
        ['d0b', await start('d0b'), 'two'],
      ] as const;
      for (const [name, tx, node] of both) await stand.ask(name, XS.WRITE, `/conform/${node}/value\0v`, tx);
      for (const [name, tx, node] of both) {
        const {error} = await stand.ask(name, XS.TRANSACTION_END, 'T\0', tx);
        stand.must(error === undefined || error === 'EAGAIN', `TRANSACTION_END: ${error}`, 'OK or EAGAIN');
        commits.push(error === undefined);
        await stand.play(`d0 READ /conform/${node}/value -> ${error === undefined ? 'v' : 'ENOENT'}`);
      }
      stand.must(commits.includes(true), 'neither is committed', 'at least one');
    },
    {seeds: 1, mutants: [alwaysDiscards, tiresOf(XS.TRANSACTION_END, 0)]},
  ),
  scripted(
    'XS-TXN-04',
    `
    d0 WRITE /conform/a 1     -> OK
    d0 TRANSACTION_START ''   -> #t
    d0 #t WRITE /conform/a 2  -> OK
    d0 #t WRITE /conform/b 2  -> OK
    d0 #t TRANSACTION_END F   -> OK
    d0 READ /conform/a        -> 1
    d0 READ /conform/b        -> ENOENT
    d0 #t READ /conform/a     -> ENOENT
    d0 #t TRANSACTION_END F   -> ENOENT
    `,
    [alwaysCommits, swallows('forgets to end', XS.TRANSACTION_END)],
  ),
  scripted(
    'XS-TXN-05',
    `
    d0 TRANSACTION_START ''     -> #t
    d0 #t TRANSACTION_START ''  -> EBUSY
    d0 #t WRITE /conform v      -> OK
    d0 #t TRANSACTION_END T     -> OK
    d0 READ /conform            -> v
    `,
    [answersInsteadOf('EBUSY', 'OK')],
  ),
  scripted(
    'XS-TXN-06',
    `
    d0 TRANSACTION_END T         -> ENOENT
    d0 TRANSACTION_START ''      -> #t
    d0 #t TRANSACTION_END X      -> EINVAL
    d0 #t TRANSACTION_END ''     -> EINVAL
    d0 #t TRANSACTION_END TRUE   -> EINVAL
    d0 #t TRANSACTION_END T F    -> EINVAL
    `,
    [answersInsteadOf('EINVAL', 'OK'), answersInsteadOf('ENOENT', 'OK')],
  ),
  scripted(
    'XS-TXN-07',
    `
    d1 TRANSACTION_START ''     -> #t
    d1 #t WRITE a v             -> OK
    d1 #t WRITE b ${BIG}        -> ENOSPC
    d1 #t TRANSACTION_END T     -> ENOMEM
    d1 READ a                   -> ENOENT
    d1 READ b                   -> ENOENT
    `,
    [takesGuestsForDom0, ignoresTransactions],
  ),
  scripted(
    'XS-TXN-08',
    `
    d0b WATCH /conform t        -> OK
    d0b: /conform t
    d0 TRANSACTION_START ''     -> #t
    d0 #t WRITE /conform v      -> OK
    d0 #t RM /conform           -> OK
    d0 #t TRANSACTION_END T     -> OK
    d0 READ /conform            -> ENOENT
    d0b: none
    `,
    [ignoresTransactions, swallows('forgets to remove', XS.RM)],
  ),
  check(
    'xenstored',
    'XS-TXN-09',
    async (stand) => {
      await stand.client('d1');
      let open = 0;
      for (; open <= MAX_TRANSACTIONS + 2; open++) {
        const {error} = await stand.ask('d1', XS.TRANSACTION_START, '\0');
        if (error === undefined) continue;
        stand.must(error === 'ENOSPC', `transaction ${open + 1}: ${error}`, 'ENOSPC');
        break;
      }
      const isRight = Math.abs(open - MAX_TRANSACTIONS) <= 1;
      stand.must(isRight, `${open} are open at a time`, `${MAX_TRANSACTIONS}, give or take one`);
      await stand.play("d0 TRANSACTION_START '' -> #t");
    },
    {seeds: 1, mutants: [takesGuestsForDom0, tiresOf(XS.TRANSACTION_START, 3)]},
  ),
  check(
    'xenstored',
    'XS-TXN-11',
    async (stand) => {
      await stand.client('d1');
      const start = async (): Promise<number> =>
        Number.parseInt((await stand.ask('d1', XS.TRANSACTION_START, '\0')).message.payload, 10);
      // Two directories, so that the transactions touch no node in common.
      await stand.play('d1 MKDIR a -> OK\nd1 MKDIR b -> OK');
      const both = [
        ['a', await start()],
        ['b', await start()],
      ] as const;
      let made = 0;
      for (const [directory, tx] of both) {
        for (let i = 0; i < 600; i++) {
          const {error} = await stand.ask('d1', XS.MKDIR, `${directory}/${i % 2}/${i}\0`, tx);
          if (error !== undefined) stand.inconclusive(`one transaction cannot make 600 nodes: ${error}`);
        }
      }
      const ends: (string | undefined)[] = [];
      for (const [, tx] of both) ends.push((await stand.ask('d1', XS.TRANSACTION_END, 'T\0', tx)).error);
      for (const [i, [directory]] of both.entries()) {
        if (ends[i] !== undefined) continue;
        for (const half of [0, 1])
          made += (await stand.ask('d1', XS.DIRECTORY, `${directory}/${half}\0`)).strings.length;
      }
      stand.must(made <= 1001, `${made} nodes are there; commits: ${ends.join(', ')}`, 'the quota of 1000 holds');
      stand.must(ends.includes(undefined), 'neither is committed', 'the first is');
    },
    {seeds: 1, mutants: [takesGuestsForDom0]},
  ),
];
