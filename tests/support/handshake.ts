import type {TraceRecord} from '../../hypervisor/trace/index.ts';

/** A request to the store, whoever recorded it. Paths are absolute. */
export interface StoreOp {
  /** toolstack, hotplug, dom0-kernel, guest; any other program by its own name. */
  actor: string;
  type: string;
  path: string;
  value: string;
  ok: boolean;
}

/** What took effect together: the requests of one transaction that was committed, or a single one. */
export interface Unit {
  actor: string;
  transaction: boolean;
  ops: StoreOp[];
}

export interface Handshake {
  /** In the order in which they took effect. */
  units: Unit[];
  /** Requests, and @releaseDomain as it was sent to one watcher, in the order they were taken. */
  timeline: (StoreOp | '@releaseDomain')[];
}

/** What differs from run to run and is replaced in paths and values: domids by N and M, the uuid by UUID. */
export interface RunNames {
  domids: readonly number[];
  uuid: string;
}

type Event =
  | {kind: 'start'; tx: string}
  | {kind: 'end'; tx: string; committed: boolean}
  | {kind: 'op'; tx: string; op: StoreOp}
  | {kind: 'release'};

const assemble = (events: readonly Event[]): Handshake => {
  const units: Unit[] = [];
  const timeline: (StoreOp | '@releaseDomain')[] = [];
  const open = new Map<string, StoreOp[]>();
  const take: {[K in Event['kind']]: (event: Extract<Event, {kind: K}>) => void} = {
    start: ({tx}) => open.set(tx, []),
    end: ({tx, committed}) => {
      const ops = open.get(tx) ?? [];
      open.delete(tx);
      if (committed && ops.length > 0) units.push({actor: ops[0].actor, transaction: true, ops});
    },
    op: ({tx, op}) => {
      timeline.push(op);
      const transaction = open.get(tx);
      if (transaction === undefined) units.push({actor: op.actor, transaction: false, ops: [op]});
      else transaction.push(op);
    },
    release: () => timeline.push('@releaseDomain'),
  };
  for (const event of events) (take[event.kind] as (each: Event) => void)(event);
  return {units, timeline};
};

const rename = (text: string, {domids, uuid}: RunNames): string =>
  domids.reduce(
    (renamed, domid, i) => {
      const directories = `(/local/domain|/libxl|backend/(?:vbd|vif|vscsi|console))/${domid}(?=[/" ]|$)`;
      return renamed.replaceAll(new RegExp(directories, 'g'), `$1/${'NM'[i]}`);
    },
    text.replaceAll(uuid, 'UUID'),
  );

const absolute = (path: string, domid: number): string =>
  path.startsWith('/') || path.startsWith('@') ? path : `/local/domain/${domid}/${path}`;

const actors: readonly (readonly [RegExp, string])[] = [
  [/^xl-/, 'toolstack'],
  [/^xenstore-(write|rm)/, 'hotplug'],
  [/^dom[1-9]\d*$/, 'guest'],
];

const actorOf = (name: string): string => actors.find(([pattern]) => pattern.test(name))?.[1] ?? name;

/** "   100 14:52:47 xl-create[196]         > tx=0 TRANSACTION_START  -> "1"" */
const requestLine = /^ *\d+ \S+ (?<who>\S+) +> (?:tx=(?<tx>\d+) )?(?<type>\S+) (?<about>.*) -> (?<reply>.*)$/;

/** Reads a log of tests/fixtures/golden/handshake. */
export const parseHandshake = (log: string, names: RunNames): Handshake =>
  assemble(log.split('\n').flatMap((line) => parseLine(line, names) ?? []));

const parseLine = (line: string, names: RunNames): Event | undefined => {
  if (line.includes('!! WATCH_EVENT (@releaseDomain domlist)')) return {kind: 'release'};
  const fields = requestLine.exec(line)?.groups;
  if (fields === undefined) return undefined;
  const {who, tx, type, about, reply} = fields;
  const ok = !reply.startsWith('ERROR');
  // A kernel's transactions are not numbered: what it asks between start and end is taken for part of it.
  const id = (number: string | undefined): string => (tx === undefined ? who : `${who} ${number}`);
  if (type === 'TRANSACTION_START') return {kind: 'start', tx: id(JSON.parse(reply) as string)};
  if (type === 'TRANSACTION_END') return {kind: 'end', tx: id(tx), committed: about === 'T' && ok};
  const [, path, value = ''] = /^(\S*)(?: = "(.*)")?/.exec(about) ?? [];
  const self = Number(/^dom([1-9]\d*)$/.exec(who)?.[1] ?? 0);
  const op = {actor: actorOf(who), type, path: rename(absolute(path, self), names), value: rename(value, names), ok};
  return {kind: 'op', tx: id(tx), op};
};

/** Collects what our store is asked; `record` is a trace sink. */
export class HandshakeRecorder {
  private events: Event[] = [];

  readonly record = ({point, domid, values}: TraceRecord): void => {
    if (point !== 'xenstore_request') return;
    const [by, txId, type] = values.map(String);
    const [text, reply] = values.slice(3).map((each) => JSON.parse(String(each)) as string);
    const ok = !/^E[A-Z0-9]+$/.test(reply);
    if (type === 'TRANSACTION_START') this.events.push({kind: 'start', tx: `${by} ${reply}`});
    else if (type === 'TRANSACTION_END')
      this.events.push({kind: 'end', tx: `${by} ${txId}`, committed: text === 'T' && ok});
    else {
      const [path, ...value] = text.split(' ');
      const op = {actor: actorOf(by), type, path: absolute(path, domid), value: value.join(' '), ok};
      this.events.push({kind: 'op', tx: `${by} ${txId}`, op});
    }
  };

  release(): void {
    this.events.push({kind: 'release'});
  }

  /** What came since the last call. */
  take(names: RunNames): Handshake {
    const {events} = this;
    this.events = [];
    for (const event of events) {
      if (event.kind !== 'op') continue;
      event.op = {...event.op, path: rename(event.op.path, names), value: rename(event.op.value, names)};
    }
    return assemble(events);
  }
}
