import type {Random} from '../../hypervisor/schedule/index.ts';
import {XS} from '../../hypervisor/xenstore/index.ts';

/** A request on its way through one connection. */
export interface Asked {
  readonly type: number;
  readonly txId: number;
  readonly payload: string;
}

const XENSTORE_PAYLOAD_MAX = 4096;

/** What the generator knows of the connection that it makes a request for. */
export interface Asker {
  readonly name: string;
  readonly privileged: boolean;
  /** Ids of its open transactions. */
  readonly transactions: readonly number[];
}

type Payload = Pick<Asked, 'type' | 'payload'>;
type Maker = (random: Random, asker: Asker) => Payload;

export const pick = <T>(random: Random, choices: readonly T[]): T => choices[random.below(choices.length)];

const NAMES = ['a', 'b', 'c', 'data-1', '_x'];
const BASES = ['/t', '/t', '/t/wide', '/local/domain/1', '/local/domain/2', '/local/domain/3', '', ''];

const ODD_PATHS = [
  '',
  '/',
  '//',
  '/t/',
  'a/',
  '/t//a',
  '/t/a b',
  '/t/..',
  '/t/*',
  '.',
  '/local/domain/',
  '/local/domain/1/',
  '/t/\xe4',
  '@x',
  '@releaseDomain',
  '@introduceDomain/',
  `/${'p'.repeat(2047)}`,
  `/${'p'.repeat(2048)}`,
  'p'.repeat(2048),
  'p'.repeat(2049),
  `/local/domain/1/${'q'.repeat(2048)}`,
  `/local/domain/1/${'q'.repeat(2049)}`,
];

const path = (random: Random): string => {
  const parts = [pick(random, BASES)];
  const depth = random.below(4) + (parts[0] === '' ? 1 : 0);
  for (let i = 0; i < depth; i++) parts.push(pick(random, NAMES));
  return parts.filter(Boolean).join('/');
};

const anyPath = (random: Random): string => (random.chance(0.06) ? pick(random, ODD_PATHS) : path(random));

/** The daemon answers READ, DIRECTORY, GET_PERMS, MKDIR and RM without one NUL at the end with a left-over errno, or dies. */
const onPath =
  (type: number): Maker =>
  (random) => ({type, payload: `${anyPath(random)}\0`});

const PERMS = ['n0', 'r0', 'b1', 'r1', 'n1', 'w2', 'n2', 'b2', 'r3', 'n3', 'n999', 'b010', 'r0x1', 'w-1'];
const BAD_PERMS = ['', 'n', 'x1', 'n1junk', 'N1', '0', 'r 1', 'b99999999999'];

const setPerms: Maker = (random, {privileged}) => {
  const perms = Array.from({length: 1 + random.below(random.chance(0.1) ? 7 : 3)}, () =>
    pick(random, random.chance(0.03) ? BAD_PERMS : PERMS),
  );
  // With "/" given to a guest, its release empties the daemon's store; a made-up @name gets a left-over errno.
  const where = pick(
    random,
    privileged ? [path(random), path(random), '@releaseDomain', '@introduceDomain'] : [path(random)],
  );
  return {type: XS.SET_PERMS, payload: random.chance(0.02) ? where : `${[where, ...perms].join('\0')}\0`};
};

const SIZES = [0, 1, 5, 100, 1000, 1990, 2007, 2008, 2015, 2016, 4000, 4080];

const write: Maker = (random) => {
  if (random.chance(0.02)) return {type: XS.WRITE, payload: path(random)};
  const value = random.chance(0.1) ? 'v'.repeat(pick(random, SIZES)) : pick(random, ['v', 'w', '', '\0', 'a\0b\xff']);
  return {type: XS.WRITE, payload: `${anyPath(random)}\0${value}`};
};

/** Many children below one node. */
const widen: Maker = (random) => ({
  type: XS.MKDIR,
  payload: `/t/wide/${'n'.repeat(random.below(40))}${random.below(400)}\0`,
});

const directoryPart: Maker = (random) => {
  const place = random.chance(0.5) ? '/t/wide' : anyPath(random);
  const offset = pick(random, ['0', '0', '2', '9', '100', '5000', '-1', 'x', ' 3', '']);
  const strings = random.chance(0.05) ? pick(random, [[place], [place, offset, offset], []]) : [place, offset];
  return {type: XS.DIRECTORY_PART, payload: strings.map((text) => `${text}\0`).join('')};
};

const watchPayload = (random: Random): string => {
  const place = pick(random, [
    anyPath(random),
    anyPath(random),
    path(random),
    '/',
    '/t',
    '@introduceDomain',
    '@releaseDomain',
  ]);
  const token = random.chance(0.03) ? pick(random, ['', 't'.repeat(3000), 't'.repeat(4000)]) : `t${random.below(3)}`;
  const whole = `${place}\0${token}\0`;
  return random.chance(0.03) ? pick(random, [place, `${place}\0`, `${whole}3\0`, `${whole}rest`, '']) : whole;
};

const watch: Maker = (random) => ({type: XS.WATCH, payload: watchPayload(random)});
const unwatch: Maker = (random) => ({type: XS.UNWATCH, payload: watchPayload(random)});

const transactionStart: Maker = (random) => ({
  type: XS.TRANSACTION_START,
  payload: random.chance(0.05) ? pick(random, ['', 'x\0', 'x']) : '\0',
});

const transactionEnd: Maker = (random) => ({
  type: XS.TRANSACTION_END,
  payload: random.chance(0.05) ? pick(random, ['', 'T', 'X\0', 'T\0\0', 'TT\0']) : random.chance(0.85) ? 'T\0' : 'F\0',
});

const DOMIDS = ['0', '1', '2', '3', '7', '32752', 'x', '', '-1', ' 2'];

/** Where the limits are set anew, it is for both daemons. */
const CONTROLS = [
  '',
  'x\0',
  'check\0',
  'check\0x\0',
  'log\0on\0',
  'log\0off\0',
  'log\0maybe\0',
  'log\0',
  'print\0',
  'print\0hello\0',
  'help\0x\0',
  'quota\0',
  'quota\x001\0',
  'quota\x007\0',
  'quota\x001\x002\0',
  'quota\0set\0watches\x006\0',
  'quota\0set\0watches\x000\0',
  'quota\0set\0nothing\x006\0',
  'quota\0set\0transaction-nodes\x0040\0',
  'quota\0set\0permissions\0',
  'quota\0set\0path-max\x002000\0',
  'quota-soft\0',
  'quota-soft\x001\0',
  'quota-soft\0set\0memory\x00100000\0',
  'quota-soft\0set\0nodes\x006\0',
];

/** None of these must change what domains there are: the session does that. */
const aboutDomains: Maker = (random) => {
  const domId = pick(random, DOMIDS);
  return pick<Payload>(random, [
    {type: XS.GET_DOMAIN_PATH, payload: pick(random, [`${domId}\0`, `${domId}\0`, domId, `${domId}\0\0`])},
    {type: XS.IS_DOMAIN_INTRODUCED, payload: pick(random, [`${domId}\0`, `${domId}\0`, domId])},
    {type: XS.RESUME, payload: pick(random, [`${domId}\0`, `${domId}\0`, '1', '1\0\0'])},
    {type: XS.RELEASE, payload: pick(random, ['0\0', '7\0', '1', '1\0\0', ''])},
    {type: XS.INTRODUCE, payload: pick(random, ['1\0', '1\x001\0', '7\x001\x001\0', '1\x001\x000\0', ''])},
    {type: XS.SET_TARGET, payload: pick(random, ['1\0', '7\x001\0', '1\x007\0', ''])},
    {type: XS.CONTROL, payload: pick(random, CONTROLS)},
  ]);
};

const UNKNOWN_TYPES = [15, 16, 20, 23, 24, 25, 26, 27, 99, 0xffffffff];
const unknown: Maker = (random) => ({type: pick(random, UNKNOWN_TYPES), payload: pick(random, ['', 'x\0', '\0'])});
const resetWatches: Maker = (random) => ({type: XS.RESET_WATCHES, payload: pick(random, ['\0', '', 'x'])});

const MAKERS: readonly (readonly [number, Maker])[] = [
  [16, write],
  [8, onPath(XS.MKDIR)],
  [4, widen],
  [9, onPath(XS.RM)],
  [10, onPath(XS.READ)],
  [6, onPath(XS.DIRECTORY)],
  [3, directoryPart],
  [4, onPath(XS.GET_PERMS)],
  [9, setPerms],
  [10, watch],
  [4, unwatch],
  [8, transactionStart],
  [9, transactionEnd],
  [3, aboutDomains],
  [1, unknown],
  [0.7, resetWatches],
];

const WEIGHT = MAKERS.reduce((sum, [weight]) => sum + weight, 0);

const makerOf = (random: Random): Maker => {
  let at = (random.below(2 ** 32) / 2 ** 32) * WEIGHT;
  return MAKERS.find(([weight]) => (at -= weight) < 0)?.[1] ?? write;
};

/** Any request from anyone, mostly well formed. */
export const randomRequest = (random: Random, asker: Asker): Asked => {
  const {type, payload} = makerOf(random)(random, asker);
  const {transactions} = asker;
  const inside = transactions.length > 0 && random.chance(type === XS.TRANSACTION_END ? 0.97 : 0.6);
  const txId = inside ? pick(random, transactions) : random.chance(0.01) ? 4711 : 0;
  // A longer payload would cost the connection.
  return {type, txId, payload: payload.slice(0, XENSTORE_PAYLOAD_MAX)};
};
