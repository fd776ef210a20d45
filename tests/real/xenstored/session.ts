import type {Random} from '../../../hypervisor/schedule/index.ts';
import {XS, type Quota} from '../../../hypervisor/xenstore/index.ts';
import {pick, randomRequest, type Asked} from '../../support/xenstore-requests.ts';
import type {Seen, Side} from './side.ts';

const TYPE_NAMES = new Map<number, string>(Object.entries(XS).map(([name, type]) => [type, name]));
const HISTORY = 16;
/**
 * What makes events. After these all connections take what they have been sent: whether an event is dropped, for one like it
 * waits, must not depend on how soon a guest looks at its ring.
 */
const MAKES_EVENTS = new Set<number>([XS.WATCH, XS.WRITE, XS.MKDIR, XS.RM, XS.SET_PERMS, XS.TRANSACTION_END]);

/** Limits low enough to be met. Some sessions have the daemon's own. */
export const randomQuota = (random: Random): Partial<Quota> =>
  random.chance(0.4)
    ? {}
    : {nodes: 8 + random.below(40), watches: 2 + random.below(8), transactions: random.below(4), recordBytes: 200};

/** A difference between the two daemons: what led to it, and what each of them said. */
export class Difference extends Error {}

/**
 * A session: sockets and guests ask at random, one request at a time, and two daemons answer. Transaction ids and
 * generations are masked where they show; all else must be the same.
 */
export class Session {
  private readonly random: Random;
  private readonly sides: readonly [Side, Side];
  private readonly title: string;
  /** Targets are for sessions in which no domain goes: the real daemon dies of it. */
  private readonly withTargets: boolean;
  private readonly sockets = new Set<string>();
  private readonly domains = new Set<number>();
  private readonly transactions = new Map<string, number[]>();
  private readonly history: string[] = [];
  /** Requests sent so far, to each side. */
  requests = 0;

  constructor(title: string, random: Random, sides: readonly [Side, Side]) {
    this.title = title;
    this.random = random;
    this.sides = sides;
    this.withTargets = random.chance(0.2);
  }

  async run(steps: number): Promise<void> {
    for (const name of ['s0', 's1']) await this.open(name);
    await this.introduce(1);
    await this.introduce(2);
    while (this.requests < steps) await this.step();
    await this.settle();
  }

  private async step(): Promise<void> {
    const {random} = this;
    if (random.chance(0.006)) return this.changeConnections();
    const guests = [...this.domains].map((domId) => `g${domId}`);
    const name = pick(random, [...this.sockets, ...guests, ...guests]);
    const transactions = this.transactionsOf(name);
    const request = randomRequest(random, {name, privileged: name.startsWith('s'), transactions});
    const seen = await this.ask(name, request);
    this.follow(name, request, seen);
    if (MAKES_EVENTS.has(seen.type)) await this.settle();
  }

  /** Keeps account of what transactions are open. */
  private follow(name: string, {type, txId, payload}: Asked, seen: Seen): void {
    const open = this.transactionsOf(name);
    if (seen.type === XS.TRANSACTION_START) open.push(Number.parseInt(seen.payload, 10));
    const ends = type === XS.TRANSACTION_END && seen.payload !== 'EINVAL\0' && open.includes(txId);
    if (ends) open.splice(open.indexOf(txId), 1);
    if (seen.type === XS.RESET_WATCHES) open.length = 0;
    if (seen.type === XS.RESUME) for (const side of this.sides) side.resumeDomain(Number.parseInt(payload, 10));
  }

  private transactionsOf(name: string): number[] {
    const known = this.transactions.get(name);
    if (known !== undefined) return known;
    const none: number[] = [];
    this.transactions.set(name, none);
    return none;
  }

  private async changeConnections(): Promise<void> {
    const {random, withTargets} = this;
    await this.settle();
    const [domId] = random.chance(0.5) ? [...this.domains] : [...this.domains].toReversed();
    const absent = [1, 2, 3].filter((each) => !this.domains.has(each));
    if (absent.length > 0 && (domId === undefined || random.chance(0.6))) return this.introduce(pick(random, absent));
    if (random.chance(0.3)) return this.changeSockets();
    if (withTargets) return void (await this.ask('s0', {type: XS.SET_TARGET, txId: 0, payload: this.twoDomains()}));
    const how = random.below(4);
    if (how === 0) await this.endDomain(domId, 'gone');
    else if (how === 1) await this.endDomain(domId, 'shutdown');
    else if (how === 2) await this.ask('s0', {type: XS.INTRODUCE, txId: 0, payload: `${domId}\x001\x00${domId}\0`});
    else await this.release(domId);
    this.transactions.delete(`g${domId}`);
  }

  private twoDomains(): string {
    const domains = [...this.domains];
    return `${pick(this.random, domains)}\0${pick(this.random, domains)}\0`;
  }

  private async changeSockets(): Promise<void> {
    const extra = [...this.sockets].find((name) => name !== 's0' && name !== 's1');
    if (extra === undefined) return this.open(`s${2 + this.random.below(2)}`);
    this.note(`close ${extra}`);
    for (const side of this.sides) side.close(extra);
    this.sockets.delete(extra);
    this.transactions.delete(extra);
    await this.settle();
  }

  private async open(name: string): Promise<void> {
    this.note(`open ${name}`);
    await Promise.all(this.sides.map((side) => side.open(name)));
    if (name.startsWith('s')) this.sockets.add(name);
    await this.settle();
  }

  private async introduce(domId: number): Promise<void> {
    const {random} = this;
    await this.open(`g${domId}`);
    await this.ask('s0', {type: XS.INTRODUCE, txId: 0, payload: `${domId}\x001\x00${domId}\0`});
    this.domains.add(domId);
    const home = `/local/domain/${domId}`;
    await this.ask('s0', {type: XS.WRITE, txId: 0, payload: `${home}/x\0v`});
    const perm = `${pick(random, ['n', 'r', 'b'])}${domId}`;
    await this.ask('s0', {type: XS.SET_PERMS, txId: 0, payload: `${home}\0${perm}\0`});
  }

  private async release(domId: number): Promise<void> {
    await this.ask('s0', {type: XS.RELEASE, txId: 0, payload: `${domId}\0`});
    for (const side of this.sides) side.close(`g${domId}`);
    this.domains.delete(domId);
    await this.settle();
  }

  private async endDomain(domId: number, how: 'gone' | 'shutdown'): Promise<void> {
    this.note(`domain ${domId} is ${how}`);
    for (const side of this.sides) side.endDomain(domId, how);
    if (how === 'gone') this.domains.delete(domId);
    // A request on a ring may be seen before the daemon looks at domains, one on a socket not.
    await this.settle(['s0']);
    await this.settle();
  }

  private async ask(name: string, request: Asked): Promise<Seen> {
    this.requests++;
    const {type, txId, payload} = request;
    const inTransaction = txId === 0 ? '' : ` #${txId}`;
    this.note(`${name}${inTransaction} ${TYPE_NAMES.get(type) ?? type} ${shorten(JSON.stringify(payload))}`);
    const [theirs, ours] = await Promise.all(this.sides.map((side) => side.ask(name, request)));
    this.compare(name, theirs, ours);
    return theirs;
  }

  private async settle(names = this.names()): Promise<void> {
    const [theirs, ours] = await Promise.all(this.sides.map((side) => side.settle(names)));
    for (const [i, name] of names.entries()) this.compare(name, theirs[i], ours[i]);
  }

  private names(): string[] {
    return [...this.sockets, ...[...this.domains].map((domId) => `g${domId}`)];
  }

  private compare(name: string, theirs: Seen, ours: Seen): void {
    const [expected, actual] = [show(theirs), show(ours)];
    this.note(`   ${name}: ${shorten(expected)}`);
    if (expected === actual) return;
    throw new Difference(
      `${this.title}, request ${this.requests}:\n${this.history.join('\n')}\n   ours: ${shorten(actual)}`,
    );
  }

  private note(line: string): void {
    this.history.push(line);
    if (this.history.length > HISTORY) this.history.shift();
  }
}

const shorten = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}... (${text.length})` : text);

/** Transaction ids count from 1 on either side; generations and memory do not compare. */
const show = ({events, type, payload}: Seen): string =>
  `${events.map((event) => `event ${JSON.stringify(event)}, `).join('')}${TYPE_NAMES.get(type) ?? type} ${JSON.stringify(mask(type, payload))}`;

function mask(type: number, payload: string): string {
  if (type === XS.DIRECTORY_PART) return payload.replace(/^\d+/, 'generation');
  return type === XS.CONTROL ? payload.replace(/^(Domain [^]*\nmemory +:) +\d+/, '$1') : payload;
}
