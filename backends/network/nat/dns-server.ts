import {
  AUTHORITATIVE_ANSWER,
  type Answer,
  decode,
  type DecodedPacket,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
} from 'dns-packet';
import {NS_PER_S, type TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {getBe16, putBe16} from '../inet.ts';
import type {Datagram} from '../router/packet.ts';
import type {Router} from '../router/router.ts';
import type {RouterInterface} from '../router/router-interface.ts';
import {formatAddress} from '../router/subnet.ts';

const PORT = 53;
/** From which questions are handed on; beyond the ports that are taken for guests. */
const CLIENT_PORT = 61053;
const TTL_S = 60;
const REPLY = 0x8000;
const RCODE = {none: 0, formatError: 1, noSuchName: 3, refused: 5};
/** Questions that were handed on and not answered yet. */
const MAX_PENDING = 256;
const PENDING_NS = 10 * NS_PER_S;
const REVERSE = '.in-addr.arpa';

/** Where questions about other names can be handed on to. */
export interface NameServer {
  readonly address: number;
  /** By which it is reached, and its answers come. */
  readonly leg: RouterInterface;
}

export interface DnsServerOptions {
  schedule: TaskQueue;
  router: Router;
  /** The network that it serves. */
  leg: RouterInterface;
  /** "xen": names in it, and names without dots, are ours alone. */
  domain: string;
  /** Address of a name without the domain. */
  lookup: (name: string) => number | undefined;
  /** The other way. */
  reverse: (address: number) => string | undefined;
  upstream: () => NameServer | undefined;
}

interface Pending {
  readonly question: Datagram;
  readonly id: number;
  readonly endNs: number;
}

/** Answers guests' questions about each other's names, and hands on others where there is somebody to ask. UDP only. @see RFC 1035 */
export class DnsServer {
  private readonly options: DnsServerOptions;
  private readonly pending = new Map<number, Pending>();

  constructor(options: DnsServerOptions) {
    this.options = options;
  }

  start(): void {
    this.options.leg.services.set(PORT, (datagram) => this.receive(datagram));
  }

  private receive(datagram: Datagram): void {
    const packet = decodeQuery(datagram.data);
    if (packet === undefined) return;
    const {questions = []} = packet;
    if (questions.length !== 1) return this.answer(datagram, packet, RCODE.formatError);
    const [{name, type}] = questions;
    const plain = name.toLowerCase().replace(/\.$/, '');
    const own = this.ownName(plain);
    if (plain.endsWith(REVERSE)) return this.answerReverse(datagram, packet, plain);
    if (own === undefined) return this.handOn(datagram, packet);
    const address = this.options.lookup(own);
    if (address === undefined) return this.answer(datagram, packet, RCODE.noSuchName);
    const isAsked = type === 'A';
    this.answer(
      datagram,
      packet,
      RCODE.none,
      isAsked ? [{type: 'A', name, ttl: TTL_S, data: formatAddress(address)}] : [],
    );
  }

  /** The name without our domain; undefined for one of another. */
  private ownName(name: string): string | undefined {
    const suffix = `.${this.options.domain}`;
    const own = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
    return own.includes('.') ? undefined : own;
  }

  private answerReverse(datagram: Datagram, packet: DecodedPacket, name: string): void {
    const parts = name.slice(0, -REVERSE.length).split('.').map(Number).toReversed();
    const isAddress = parts.length === 4 && parts.every((part) => part >= 0 && part <= 255);
    const [a, b, c, d] = parts;
    const found = isAddress ? this.options.reverse(((a << 24) | (b << 16) | (c << 8) | d) >>> 0) : undefined;
    if (found === undefined) return this.handOn(datagram, packet);
    const data = `${found}.${this.options.domain}`;
    this.answer(datagram, packet, RCODE.none, [{type: 'PTR', name, ttl: TTL_S, data}]);
  }

  private answer(
    question: Datagram,
    {id, questions, flags = 0}: DecodedPacket,
    rcode: number,
    answers: Answer[] = [],
  ): void {
    const bits = AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | (flags & RECURSION_DESIRED) | rcode;
    this.reply(question, encode({type: 'response', id, flags: bits, questions, answers}));
  }

  private reply({source, sourcePort, target}: Datagram, data: Uint8Array): void {
    const {router, leg} = this.options;
    router.send({source: target, sourcePort: PORT, target: source, targetPort: sourcePort, data}, leg);
  }

  private handOn(question: Datagram, packet: DecodedPacket): void {
    const {router, schedule, upstream} = this.options;
    const server = upstream();
    if (server === undefined) return this.answer(question, packet, RCODE.refused);
    this.forgetOld();
    if (this.pending.size >= MAX_PENDING) return;
    let id = schedule.random() & 0xffff;
    while (this.pending.has(id)) id = (id + 1) & 0xffff;
    this.pending.set(id, {question, id: getBe16(question.data, 0), endNs: schedule.now() + PENDING_NS});
    server.leg.services.set(CLIENT_PORT, (answer) => this.handBack(answer));
    const data = question.data.slice();
    putBe16(data, 0, id);
    const source = server.leg.address;
    router.send({source, sourcePort: CLIENT_PORT, target: server.address, targetPort: PORT, data});
  }

  private handBack({source, sourcePort, data}: Datagram): void {
    const isAnswer = data.length >= 4 && (getBe16(data, 2) & REPLY) !== 0;
    const pending = isAnswer ? this.pending.get(getBe16(data, 0)) : undefined;
    if (pending === undefined || source !== this.options.upstream()?.address || sourcePort !== PORT) return;
    this.pending.delete(getBe16(data, 0));
    const reply = data.slice();
    putBe16(reply, 0, pending.id);
    this.reply(pending.question, reply);
  }

  private forgetOld(): void {
    const nowNs = this.options.schedule.now();
    for (const [id, {endNs}] of this.pending) if (nowNs >= endNs) this.pending.delete(id);
  }
}

/** A query; undefined for what is none. */
const decodeQuery = (data: Uint8Array): DecodedPacket | undefined => {
  try {
    const packet = decode(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return packet.type === 'query' ? packet : undefined;
  } catch {
    return undefined;
  }
};
