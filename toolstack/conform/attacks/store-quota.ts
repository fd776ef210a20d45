import {XS} from '../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../check.ts';
import {swallows, takesGuestsForDom0, tiresOf} from '../mutants/xenstored.ts';
import {miscounts, mustUse, removesNothing, usageOf} from './store-steps.ts';

/** That a guest may own, by default. */
const NODES = 1000;

/** More than a domain may have. */
export const storeQuotaAttacks: readonly Check[] = [
  check(
    'xenstored',
    'XSA-272',
    async (stand) => {
      for (let i = 0; i < NODES; i++) await stand.ask('d1', XS.WRITE, `${i % 7}/${i}/a/b\0v`);
      for (let i = 0; i < 5; i++) await stand.ask('d1', XS.MKDIR, `last${i}\0`);
      const count = await usageOf(stand, 1, 'nodes');
      stand.must(count <= NODES + 1, `${count} nodes`, 'parents that are made on the way count, too');
      await stand.play(`
        d1 WRITE more v -> ENOSPC
        d1 RM 0         -> OK
        d1 WRITE more v -> OK
      `);
    },
    {seeds: 1, mutants: [takesGuestsForDom0, removesNothing]},
  ),
  check(
    'xenstored',
    'XSA-330',
    async (stand) => {
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 127; i++) await stand.ask('d1', XS.WATCH, `w\0${i}\0`);
        await mustUse(stand, 1, 'watches', 127);
        await stand.play(`d1 RESET_WATCHES '' -> OK`);
        await mustUse(stand, 1, 'watches', 0);
      }
      await stand.eventsOf('d1');
      await stand.play('d1 WRITE w v -> OK\nd1: none');
    },
    {seeds: 1, mutants: [swallows('forgets to reset', XS.RESET_WATCHES), miscounts('watches')]},
  ),
  check(
    'xenstored',
    'XSA-419',
    async (stand) => {
      await stand.play('d1 WRITE shared v -> OK\nd2 MKDIR data -> OK');
      for (let round = 0; round < 5; round++) {
        await stand.play('d1 SET_PERMS shared n1 b2 -> OK\nd2 MKDIR data -> OK');
        for (let i = 0; i < 10; i++) await stand.play(`d2 WRITE /local/domain/1/shared/${round}/${i} v -> OK`);
        await stand.release(2);
        await stand.play(`d0 DIRECTORY /local/domain/1/shared -> ''`);
      }
      await mustUse(stand, 1, 'nodes', 2);
    },
    {seeds: 1, mutants: [swallows('forgets to release', XS.RELEASE), miscounts('nodes')]},
  ),
  check(
    'xenstored',
    'XSA-483',
    async (stand) => {
      for (let life = 0; life < 2; life++) {
        let made = 0;
        for (; made < NODES + 10; made++) {
          const {error} = await stand.ask('d1', XS.MKDIR, `n/${made % 10}/${made}\0`);
          if (error !== undefined) break;
        }
        stand.must(Math.abs(made - 988) <= 2, `${made} nodes in life ${life + 1}`, 'its whole quota each time');
        await stand.release(1);
      }
    },
    {seeds: 1, mutants: [takesGuestsForDom0, tiresOf(XS.MKDIR, 1200)]},
  ),
];
