import {check, type Check} from '../../check.ts';
import {keepsMappings} from '../../mutants/leaks.ts';
import {alsoSends, publishesLate, readsInstead, skipsState, writesInstead} from '../../mutants/store.ts';
import {
  answersGood,
  echoesOtherRqid,
  failsOnceReconfigured,
  misreadsScsi,
  SCSI_WORD,
  vscsiHostState as hostState,
  vscsiUnitState as unitState,
} from '../../mutants/vscsi.ts';
import {MISSING_UNIT} from '../../peers/scripted-unit.ts';
import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {unitNodes, type VscsiBackendStand} from '../../stand/vscsi-backend.ts';
import {mustAnswer, NO_CONNECT, read, testUnitReady} from './answers.ts';

const CANARY = 0x5c;
const MIN_SEGMENTS = 26;
const MAX_SEGMENTS = 65535;

/** Units are in the states that are due. */
const mustBe = async (stand: VscsiBackendStand, due: readonly number[]): Promise<void> => {
  for (const [index, state] of due.entries()) {
    const seen = await stand.unitState(index);
    stand.must(seen === state, `dev-${index} is in state ${seen}`, String(state));
  }
};

export const hotplugChecks: readonly Check[] = [
  check(
    'backend/vscsi',
    'VSCSI-HP-04',
    async (stand) => {
      await stand.connect();
      const host = stand.backPath(0);
      await stand.askToReconfigure({
        'vscsi-devs/dev-0/state': '5',
        ...unitNodes(1, '0:0:1:0', '0:0:1:0'),
        ...unitNodes(2, '0:0:2:0', MISSING_UNIT),
      });
      await mustBe(stand, [6, 3, 6]);
      stand.must((await stand.state) === 8, `the host is in state ${await stand.state}`, 'Reconfigured');
      const last = stand.store.writes.findLast(({path}) => path.startsWith(host) && path.endsWith('state'));
      stand.must(last?.path === `${host}/state`, `${last?.path} is written last`, 'units first, then the host');
      await stand.followReconfigured();
      await mustAnswer(stand, [{what: 'a unit that was removed', request: testUnitReady, due: NO_CONNECT}]);
    },
    {
      mutants: [
        skipsState(unitState, 3),
        skipsState(unitState, 6),
        skipsState(hostState, 8),
        publishesLate('dev-1/state', hostState, 8),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-HP-06',
    async (stand) => {
      await stand.connect();
      await mustBe(stand, [4]);
      await stand.askToReconfigure(unitNodes(1, '0:0:1:0', '0:0:1:0'));
      await mustBe(stand, [4, 3]);
      await stand.followReconfigured();
      await stand.settle();
      await mustBe(stand, [4, 4]);
      const values = stand.store.valuesOf(`${stand.backPath(0)}/vscsi-devs/dev-0/state`);
      stand.must(values.join() === '3,4', `dev-0 went through ${values.join()}`, '3, then 4');
    },
    {
      mutants: [
        skipsState(unitState, 4),
        writesInstead('takes a unit for connected at once', unitState, (value) => (value === '3' ? '4' : value)),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-HP-07',
    async (stand) => {
      await stand.connect();
      const {'vscsi-devs/dev-1/p-dev': _p, ...noPDev} = unitNodes(1, '0:0:1:0', '');
      const {'vscsi-devs/dev-2/v-dev': _v, ...noVDev} = unitNodes(2, '', '0:0:2:0');
      const wrong = ['0:0:3', 'a:b:c:d', '0:0:0:65536', '-1:0:0:0', '0:0:0:0:0', ''];
      const nodes = wrong.map((vDev, i) => unitNodes(3 + i, vDev, `0:0:${i}:0`));
      await stand.reconfigure(Object.assign({}, noPDev, noVDev, ...nodes, unitNodes(9, '0:0:9:0', 'nothing')));
      await mustBe(stand, [4, ...Array<number>(9).fill(6)]);
      stand.must(await stand.serves(), 'the unit that is right is not ready', 'others are not touched');
    },
    {
      mutants: [
        readsInstead('makes up a v-dev', 'v-dev', (_value, nth) => `0:0:${nth}:0`),
        readsInstead('makes up a p-dev', 'p-dev', (value) => value ?? '0:0:1:0'),
        skipsState(unitState, 6),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-HP-08',
    async (stand) => {
      await stand.connect();
      await stand.reconfigure({...unitNodes(1, '0:0:0:0', '0:0:1:0'), ...unitNodes(2, '0:0:2:0', '0:0:2:0')});
      await stand.settle();
      await mustBe(stand, [4, 6, 4]);
      stand.must(await stand.serves(), 'the first unit is not ready', 'it stays');
    },
    {mutants: [readsInstead('gives each an address of its own', 'v-dev', (_value, nth) => `0:0:${nth}:0`)]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-HP-09',
    async (stand) => {
      await stand.connect({units: {'0:0:0:0': '3:1:2:0', '0:0:1:0': 'naa.60014054ac780582:0'}});
      await mustBe(stand, [4, 4]);
      for (const vDev of ['0:0:0:0', '0:0:1:0'])
        stand.must(await stand.serves(vDev), `${vDev} is not ready`, 'h:c:t:l and naa.<wwn>:<lun> name units');
    },
    {
      mutants: [
        readsInstead('knows no WWN', 'p-dev', (value) => (value?.startsWith('naa') === true ? undefined : value)),
        readsInstead('knows WWNs only', 'p-dev', (value) => (value?.startsWith('naa') === true ? value : undefined)),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-HP-11',
    async (stand) => {
      await stand.connect();
      const seen = await stand.node('feature-host');
      stand.must(seen === undefined || seen === '0', `feature-host "${seen}"`, '0: the units that are listed');
      await mustAnswer(stand, [
        {what: 'a unit of the same host that is not listed', request: {...testUnitReady, id: 1}, due: NO_CONNECT},
        {what: 'a LUN that is not listed', request: {...testUnitReady, lun: 1}, due: NO_CONNECT},
      ]);
    },
    {
      mutants: [
        misreadsScsi('answers at every address', SCSI_WORD.address, () => 0),
        alsoSends(
          'says that it shows the whole host',
          (type, path) => type === XS.WRITE && hostState.test(path),
          (path) => ({type: XS.WRITE, payload: `${path.replace(/state$/, 'feature-host')}\x001`}),
        ),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-HP-12',
    async (stand) => {
      const peer = await stand.connect();
      const disk = stand.disk();
      const {gref} = peer.page();
      for (const nodes of [unitNodes(1, '0:0:1:0', '0:0:1:0'), {'vscsi-devs/dev-1/state': '5'}]) {
        disk.isSlow = true;
        peer.put({...read(0, [{gref}]), rqid: 1});
        stand.must((await stand.exchange()).length === 0, 'an answer while the disk is busy', 'none yet');
        await stand.askToReconfigure(nodes);
        disk.finish();
        const [response] = await stand.exchange();
        stand.must(response?.rslt === 0, `a command under way: rslt ${response?.rslt}`, 'it is done');
        disk.isSlow = false;
        stand.must(await stand.serves(), 'the unit is not ready', 'it serves during Reconfigured');
        await stand.followReconfigured();
        stand.must(await stand.serves(), 'the unit is not ready', 'it serves after it');
      }
    },
    {mutants: [failsOnceReconfigured]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-HP-13',
    async (stand) => {
      const peer = await stand.connect();
      const disk = stand.disk();
      disk.isSlow = true;
      const page = peer.page({fill: CANARY});
      peer.put({...read(0, [{gref: page.gref}]), rqid: 1});
      const responses = await stand.exchange();
      await stand.askToReconfigure({'vscsi-devs/dev-0/state': '5'});
      const isWaiting = (await stand.unitState(0)) !== 6;
      stand.must(isWaiting || stand.mappings === 1, `${stand.mappings} pages are mapped`, 'none once it is removed');
      responses.push(...(await stand.exchange()));
      disk.finish();
      responses.push(...(await stand.exchange()));
      await mustBe(stand, [6]);
      stand.must((await stand.state) === 8, `the host is in state ${await stand.state}`, 'Reconfigured');
      const answered = responses.map(({rqid}) => rqid).join();
      stand.must(answered === '1', `answers to ${answered || 'nothing'}`, 'one to the command');
      stand.must(stand.mappings === 1, () => `${stand.mappings} pages are mapped`, 'the ring alone');
      await stand.followReconfigured();
      await mustAnswer(stand, [{what: 'the removed unit', request: testUnitReady, due: NO_CONNECT}]);
    },
    {mutants: [keepsMappings, echoesOtherRqid, answersGood]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-HP-14',
    async (stand) => {
      await stand.connect();
      const value = (await stand.node('feature-sg-grant')) ?? stand.inconclusive('feature-sg-grant is not offered');
      const isRight = /^\d+$/.test(value) && Number(value) >= MIN_SEGMENTS && Number(value) <= MAX_SEGMENTS;
      stand.must(isRight, `feature-sg-grant "${value}"`, `${MIN_SEGMENTS}..${MAX_SEGMENTS}`);
    },
    {
      mutants: ['25', '65536', '-1', 'many'].map((value) =>
        writesInstead(`offers ${value} segments`, 'feature-sg-grant', () => value),
      ),
    },
  ),
];
