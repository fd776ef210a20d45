import {check, type Check} from '../../check.ts';
import {neverWrites, writesInstead} from '../../mutants/store.ts';
import {opensConsole} from '../../mutants/console.ts';
import type {ToolstackStand} from '../../stand/toolstack.ts';

const GFN = 2;
const PORT = 5;

/** What the toolstack writes of a console; the node is undefined when it is not there. */
const makeConsole = async (stand: ToolstackStand): Promise<(key: string) => Promise<string | undefined>> => {
  await stand.within(stand.toolstack.makeConsole(GFN, PORT), 'the console is made');
  return (key) => stand.read(`${stand.consolePath}/${key}`);
};

export const consoleToolstackChecks: readonly Check[] = [
  check(
    'toolstack',
    'CONS-NODE-01',
    async (stand) => {
      const node = await makeConsole(stand);
      const due = {'ring-ref': String(GFN), port: String(PORT), 'backend-id': '0', tty: ''};
      for (const [key, value] of Object.entries(due))
        stand.must((await node(key)) === value, `${key} is ${await node(key)}`, `"${value}"`);
      const type = await node('type');
      stand.must(type === 'xenconsoled' || type === 'ioemu', `type is ${type}`, 'xenconsoled or ioemu');
      stand.must(Number(await node('limit')) > 0, `limit is ${await node('limit')}`, 'bytes');
      const backend = await node('backend');
      stand.must(backend !== undefined && backend.startsWith('/local/domain/0/'), `backend is ${backend}`, 'a path');
      stand.must((await node('state')) === undefined, 'there is a state', 'none: nobody negotiates');
    },
    {
      mutants: [
        neverWrites('ring-ref'),
        writesInstead('grants the ring in ring-ref', 'ring-ref', () => '0'),
        writesInstead('writes a limit of none', 'limit', () => '0'),
      ],
    },
  ),
  check(
    'toolstack',
    'CONS-NODE-05',
    async (stand) => {
      await makeConsole(stand);
      for (const key of ['tty', 'output', 'limit', 'type', 'ring-ref', 'port']) {
        const refused = await stand.guestIsRefused(`${stand.consolePath}/${key}`);
        stand.must(refused, `the guest writes ${key}`, 'nodes that dom0 believes are its own');
      }
    },
    {mutants: [opensConsole]},
  ),
  check(
    'toolstack',
    'CONS-NODE-11',
    async (stand) => {
      const node = await makeConsole(stand);
      const where = (await node('output')) ?? (await node('connection'));
      stand.must(
        where !== undefined && /^(pty|file|pipe|socket|telnet|tcp|null|vc)\b/.test(where),
        `output is ${where}`,
        'pty, or what else the console is bound to',
      );
    },
    {mutants: [neverWrites('output')]},
  ),
];
