import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {neverWrites, readsInstead, skipsState, writesInstead} from '../../mutants/store.ts';
import {vscsiHostState as hostState, vscsiUnitState as unitState} from '../../mutants/vscsi.ts';
import {swallows} from '../../mutants/xenstored.ts';
import type {ToolstackStand} from '../../stand/toolstack.ts';

const mustHold = async (stand: ToolstackStand, nodes: Readonly<Record<string, string>>): Promise<void> => {
  for (const [key, due] of Object.entries(nodes)) {
    const seen = await stand.read(`${stand.scsiBackPath}/${key}`);
    stand.must(seen === due, `${key} "${seen}"`, `"${due}"`);
  }
};

/** What a backend and its frontend write. */
const answer = async (
  stand: ToolstackStand,
  nodes: readonly (readonly [key: string, value: string])[],
): Promise<void> => {
  for (const [key, value] of nodes) await stand.write(`${stand.scsiBackPath}/${key}`, value);
  await stand.settle();
};

/** The toolstack is under way with something. */
const watchEnd = (work: Promise<void>): {ended: boolean} => {
  const watched = {ended: false};
  const end = (): void => void (watched.ended = true);
  work.then(end, end);
  return watched;
};

export const toolstackChecks: readonly Check[] = [
  check(
    'toolstack',
    'VSCSI-HP-01',
    async (stand) => {
      const {scsiBackPath, store} = stand;
      await stand.attachUnit('0:0:0:0');
      const first = (key: string): string | undefined => store.valuesOf(`${scsiBackPath}/${key}`)[0];
      for (const [key, due] of [
        ['feature-host', '0'],
        ['frontend-id', String(stand.guest.domain.id)],
        ['online', '1'],
        ['vscsi-devs/dev-0/v-dev', '0:0:0:0'],
        ['vscsi-devs/dev-0/state', '1'],
        ['state', '1'],
      ])
        stand.must(first(key) === due, `${key} "${first(key)}"`, `"${due}"`);
      const pDev = first('vscsi-devs/dev-0/p-dev') ?? '';
      stand.must(/^(\d+:\d+:\d+:\d+|naa\.[0-9a-f]+:\d+)$/.test(pDev), `p-dev "${pDev}"`, 'h:c:t:l or naa.<wwn>:<lun>');
      await mustHold(stand, {state: '4', 'vscsi-devs/dev-0/state': '4'});
    },
    {
      mutants: [
        neverWrites('p-dev'),
        writesInstead('gives a unit another address', 'v-dev', () => '0:0:0:1'),
        writesInstead('takes a unit for connected at once', unitState, () => '4'),
      ],
    },
  ),
  check(
    'toolstack',
    'VSCSI-HP-02',
    async (stand) => {
      await stand.attachUnit('0:0:0:0');
      const adding = stand.toolstack.attachUnit('0:0:1:0');
      const work = watchEnd(adding);
      await stand.settle();
      await mustHold(stand, {
        state: '7',
        'vscsi-devs/dev-0/state': '4',
        'vscsi-devs/dev-1/v-dev': '0:0:1:0',
        'vscsi-devs/dev-1/state': '1',
      });
      await answer(stand, [
        ['vscsi-devs/dev-1/state', '3'],
        ['state', '8'],
      ]);
      stand.must(!work.ended, 'it is done while the unit is in state 3', 'it waits for 4');
      await answer(stand, [
        ['vscsi-devs/dev-1/state', '4'],
        ['state', '4'],
      ]);
      await stand.within(adding, 'the unit is attached');
      await mustHold(stand, {state: '4', 'vscsi-devs/dev-1/state': '4'});
    },
    {
      mutants: [
        skipsState(hostState, 7),
        skipsState(/dev-1\/state$/, 1),
        readsInstead('does not wait for the unit', unitState, () => '4'),
      ],
    },
  ),
  check(
    'toolstack',
    'VSCSI-HP-03',
    async (stand) => {
      await stand.attachUnit('0:0:0:0');
      const adding = stand.toolstack.attachUnit('0:0:1:0');
      await stand.settle();
      await answer(stand, [
        ['vscsi-devs/dev-1/state', '4'],
        ['state', '4'],
      ]);
      await stand.within(adding, 'the unit is attached');
      const removing = stand.toolstack.detachUnit('0:0:1:0');
      const work = watchEnd(removing);
      await stand.settle();
      await mustHold(stand, {state: '7', 'vscsi-devs/dev-0/state': '4', 'vscsi-devs/dev-1/state': '5'});
      stand.must(!work.ended, 'it is done while the unit is in state 5', 'it waits for 6');
      await answer(stand, [
        ['vscsi-devs/dev-1/state', '6'],
        ['state', '8'],
        ['state', '4'],
      ]);
      await stand.within(removing, 'the unit is detached');
      for (const key of ['state', 'p-dev', 'v-dev', 'p-devname']) {
        const seen = await stand.read(`${stand.scsiBackPath}/vscsi-devs/dev-1/${key}`);
        stand.must(seen === undefined, `dev-1/${key} "${seen}"`, 'its nodes are removed');
      }
      await mustHold(stand, {state: '4', 'vscsi-devs/dev-0/state': '4'});
    },
    {
      mutants: [
        swallows('removes nothing', XS.RM),
        skipsState(unitState, 5),
        readsInstead('does not wait for the unit', unitState, () => '6'),
      ],
    },
  ),
];
