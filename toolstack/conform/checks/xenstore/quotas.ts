import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {
  answersInsteadOf,
  pageReads,
  swallows,
  takesGuestsForDom0,
  takesGuestsForOne,
  tiresOf,
} from '../../mutants/xenstored.ts';
import {STORE_PAGE, wireBytes} from '../../peers/store-ring.ts';
import type {XenstoredStand} from '../../stand/xenstored.ts';

/** @see xenstored(8), --entry-nb and its neighbours */
const NODES = 1000;
const WATCHES = 128;
const NODE_BYTES = 2048;
const OUTSTANDING = 20;
/** Requests without a transaction open, more than would be let through at once with one. */
const WRITES = 1500;

/** How often a domain may ask until it is refused, and how. */
const countUntilRefused = async (
  stand: XenstoredStand,
  name: string,
  type: number,
  payload: (i: number) => string,
  most: number,
): Promise<{count: number; error: string | undefined}> => {
  for (let i = 0; i < most; i++) {
    const {error} = await stand.ask(name, type, payload(i));
    if (error !== undefined) return {count: i, error};
  }
  return {count: most, error: undefined};
};

const mustBeNear = (stand: XenstoredStand, what: string, count: number, limit: number): void =>
  stand.must(Math.abs(count - limit) <= 1, `${count} ${what}`, `${limit}, give or take one`);

const fillNodes = (stand: XenstoredStand): Promise<{count: number; error: string | undefined}> =>
  countUntilRefused(stand, 'd1', XS.MKDIR, (i) => `n/${i % 10}/${i}\0`, NODES + 10);

/** Nodes that are there, as dom0 sees them, with /local/domain/1 and those that fillNodes has made on the way. */
const nodesOf = async (stand: XenstoredStand): Promise<number> => {
  let count = 2;
  for (let i = 0; i < 10; i++) {
    const {strings, message} = await stand.ask('d0', XS.DIRECTORY, `/local/domain/1/n/${i}\0`);
    if (message.type !== XS.ERROR) count += 1 + (message.payload === '' ? 0 : strings.length);
  }
  return count;
};

export const storeQuotaChecks: readonly Check[] = [
  check(
    'xenstored',
    'XS-QUOTA-01',
    async (stand) => {
      await stand.client('d1');
      const value = await countUntilRefused(stand, 'd1', XS.WRITE, (i) => `big\0${'v'.repeat(1900 + 2 * i)}`, 100);
      const bytes = 1900 + 2 * value.count;
      stand.must(
        bytes > NODE_BYTES - 50 && bytes <= NODE_BYTES + 2,
        `${bytes} bytes of value`,
        'about 2048, less the permissions',
      );
      await stand.play(`
        d0 WRITE /conform ${'v'.repeat(NODE_BYTES + 100)} -> OK
        d1 RM big                           -> OK
        d1 MKDIR data                       -> OK
        d1 SET_PERMS data n1 r2 r2 r2 r2    -> OK
        d1 SET_PERMS data n1 r2 r2 r2 r2 r2 -> ENOSPC
        d1 RM data                          -> OK
      `);
      const watches = await countUntilRefused(stand, 'd1', XS.WATCH, (i) => `data\0${i}\0`, WATCHES + 10);
      mustBeNear(stand, 'watches', watches.count, WATCHES);
      await fillNodes(stand);
      mustBeNear(stand, 'nodes', await nodesOf(stand), NODES);
      await stand.play('d0 MKDIR /conform/more -> OK\nd2 MKDIR more -> OK');
    },
    {seeds: 1, mutants: [takesGuestsForDom0, tiresOf(XS.WATCH, 100), tiresOf(XS.MKDIR, 900)]},
  ),
  check(
    'xenstored',
    'XS-QUOTA-02',
    async (stand) => {
      await stand.play('d1 WRITE data old -> OK\nd1 MKDIR dir -> OK');
      await stand.play(`
        d1 WRITE data ${'v'.repeat(NODE_BYTES)} -> ENOSPC
        d1 READ data                            -> old
        d1 WRITE dir/a/b/c ${'v'.repeat(NODE_BYTES)} -> ENOSPC
        d1 DIRECTORY dir                        -> ''
      `);
      const watches = await countUntilRefused(stand, 'd1', XS.WATCH, (i) => `w\0${i}\0`, WATCHES + 10);
      const isRight = watches.error === 'ENOSPC' || watches.error === 'E2BIG';
      stand.must(isRight, `one watch too many: ${watches.error}`, 'ENOSPC, of older stores E2BIG');
      await stand.play(`d1 UNWATCH w ${watches.count} -> ENOENT`);
      await fillNodes(stand);
      await stand.play(`
        d1 WRITE deep/er/still v -> ENOSPC
        d1 READ deep             -> ENOENT
      `);
    },
    {seeds: 1, mutants: [takesGuestsForDom0, answersInsteadOf('ENOSPC', 'EINVAL')]},
  ),
  check(
    'xenstored',
    'XS-QUOTA-03',
    async (stand) => {
      const {count} = await fillNodes(stand);
      await stand.play(`
        d1 MKDIR more      -> ENOSPC
        d2 MKDIR more      -> OK
        d0 MKDIR /local/domain/1/of-dom0 -> OK
        d0 SET_PERMS /local/domain/1/of-dom0 n0 -> OK
        d1 RM n/0          -> OK
        d1 MKDIR more      -> OK
      `);
      await stand.release(1);
      const again = await fillNodes(stand);
      stand.must(again.count === count, `${again.count} nodes in its next life`, `${count}, as in the first`);
    },
    {seeds: 1, mutants: [swallows('forgets to remove', XS.RM), takesGuestsForOne, tiresOf(XS.MKDIR, 1500)]},
  ),
  check(
    'xenstored',
    'XS-QUOTA-04',
    async (stand) => {
      const ring = await stand.ring();
      const request = wireBytes({type: XS.GET_DOMAIN_PATH, reqId: 1, txId: 0, payload: '1\0'});
      let sent = 0;
      // As much as goes in, and no reply is taken.
      for (; sent < 20 * OUTSTANDING && ring.put(request) === request.length; sent++) await ring.kick();
      stand.must(sent < 10 * OUTSTANDING, `${sent} requests are read`, 'no more than its quota and the ring hold');
      await stand.play('d2 MKDIR data -> OK\nd0 READ /local/domain/2/data -> *');
      let replies = 0;
      for (let turn = 0; turn < 3 * sent && replies < sent; turn++) {
        replies += ring.takeMessages().length;
        await ring.kick();
      }
      stand.must(replies >= sent, `${replies} of ${sent} requests are answered`, 'all, when there is room again');
    },
    {
      seeds: 1,
      mutants: [
        pageReads('takes all replies for read', STORE_PAGE.rspCons, (_, {page}) => page[STORE_PAGE.rspProd / 4]),
      ],
    },
  ),
  check(
    'xenstored',
    'XS-QUOTA-05',
    async (stand) => {
      const client = await stand.client('d1');
      const {schedule} = stand.rig;
      const startedNs = schedule.now();
      for (let i = 0; i < WRITES; i++) {
        const {error} = await stand.ask(client, XS.WRITE, `data\0${i}`);
        stand.must(error === undefined, `write ${i}: ${error}`, 'no limit while no transaction is open');
      }
      const tookNs = schedule.now() - startedNs;
      stand.must(tookNs < 5e9, `${WRITES} writes took ${tookNs / 1e9} s`, 'no limit while no transaction is open');
    },
    {seeds: 1, mutants: [tiresOf(XS.WRITE, 1000)]},
  ),
  check(
    'xenstored',
    'XS-QUOTA-06',
    async (stand) => {
      await stand.play('d1 MKDIR dir -> OK');
      for (let i = 0; i < NODES + 10; i++) {
        await stand.ask('d0', XS.MKDIR, `/local/domain/1/dir/${i % 10}/${i}\0`);
        await stand.ask('d0', XS.SET_PERMS, `/local/domain/1/dir/${i % 10}/${i}\0n1\0`);
      }
      await stand.play(`
        d1 MKDIR more   -> ENOSPC
        d1 RM dir/0/0   -> OK
        d1 RM dir/1/11  -> OK
        d1 RM dir/2     -> EACCES or OK
        d0 READ /local/domain/1/dir/0/0 -> ENOENT
      `);
    },
    {seeds: 1, mutants: [takesGuestsForDom0, tiresOf(XS.RM, 0)]},
  ),
];
