import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {alsoSends, backState, readsInstead, writesInstead, writesOutside} from '../../mutants/store.ts';
import {swallows} from '../../mutants/xenstored.ts';
import type {ToolstackStand} from '../../stand/toolstack.ts';

/** More than a toolstack may take to give up. */
const PATIENCE_NS = 120e9;

const mustBeGone = async (stand: ToolstackStand): Promise<void> => {
  for (const path of [stand.frontPath, stand.backPath])
    stand.must((await stand.read(`${path}/state`)) === undefined, `${path} is there`, 'both directories are removed');
};

export const toolstackChecks: readonly Check[] = [
  check(
    'toolstack',
    'XENBUS-SM-02',
    async (stand) => {
      const {frontPath, backPath, store} = stand;
      await stand.attach();
      const domid = stand.guest.domain.id;
      const first = (path: string): string | undefined => store.valuesOf(path)[0];
      for (const [path, value] of [
        [`${frontPath}/state`, '1'],
        [`${backPath}/state`, '1'],
        [`${frontPath}/backend`, backPath],
        [`${frontPath}/backend-id`, '0'],
        [`${backPath}/frontend`, frontPath],
        [`${backPath}/frontend-id`, String(domid)],
      ])
        stand.must(first(path) === value, `${path} "${first(path)}"`, `"${value}"`);
      const links = ['backend', 'backend-id', 'state'].map((key) => `${frontPath}/${key}`);
      links.push(...['frontend', 'frontend-id', 'state'].map((key) => `${backPath}/${key}`));
      const transactions = new Set(store.writes.filter(({path}) => links.includes(path)).map(({txId}) => txId));
      stand.must(
        transactions.size === 1 && !transactions.has(0),
        `transactions ${[...transactions].join()}`,
        'one transaction',
      );
      for (const [path, due] of [
        [frontPath, `n${domid},r0`],
        [backPath, `n0,r${domid}`],
      ]) {
        const perms = (await stand.rig.run(() => stand.rig.dom0.xs.getPerms(path)))?.join();
        stand.must(perms === due, `${path} is ${perms}`, due);
      }
    },
    {
      mutants: [
        writesOutside('frontend-id'),
        writesInstead('names another backend', 'backend-id', () => '7'),
        alsoSends(
          'lets everybody write the backend directory',
          (type, path) => type === XS.WRITE && /backend\/vbd\/.*\/frontend$/.test(path),
          (path) => ({type: XS.SET_PERMS, payload: `${path.replace(/\/frontend$/, '')}\0b0\0`}),
        ),
      ],
    },
  ),
  check(
    'toolstack',
    'XENBUS-NODE-07',
    async (stand) => {
      const {backPath} = stand;
      await stand.connect();
      const detaching = stand.toolstack.detachDisk(false);
      await stand.settle();
      stand.must(
        (await stand.read(`${backPath}/online`)) === '0',
        'online is not 0',
        'the backend is told that it is for good',
      );
      stand.must(
        (await stand.read(`${backPath}/state`)) === '5',
        `state ${await stand.read(`${backPath}/state`)}`,
        'the backend is asked to close',
      );
      await stand.settle();
      stand.must(
        (await stand.read(`${stand.frontPath}/state`)) !== undefined,
        'the directories are gone',
        'they stay until the backend is Closed',
      );
      await stand.write(`${backPath}/state`, '6');
      await stand.within(detaching, 'the disk is detached');
      await mustBeGone(stand);
    },
    {
      mutants: [
        writesInstead('leaves online as it is', /backend\/.*\/online$/, (value) => (value === '0' ? undefined : value)),
        readsInstead('does not wait for the backend', backState, (value) => value && '6'),
        swallows('removes nothing', XS.RM),
      ],
    },
  ),
  check(
    'toolstack',
    'XENBUS-LIFE-08',
    async (stand) => {
      await stand.connect();
      const orderly = stand.toolstack.detachDisk(false).then(
        () => 'done',
        () => 'refused',
      );
      const end = await stand.within(orderly, 'it gives up in the end', PATIENCE_NS);
      stand.must(
        end === 'refused',
        'the disk is detached though nobody let it go',
        'a guest that does not answer keeps it',
      );
      await stand.within(stand.toolstack.detachDisk(true), 'force removes it');
      await mustBeGone(stand);
    },
    {
      mutants: [
        swallows('removes nothing', XS.RM),
        readsInstead('takes any state for Closed', backState, (value) => value && '6'),
      ],
    },
  ),
];
