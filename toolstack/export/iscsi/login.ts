import {LOGIN_RESPONSE, LOGIN_REQUEST, makeHead, opcodeOf, type Pdu} from './pdu.ts';
import {defaultParameters, MAX_DATA_SEGMENT, negotiate, type SessionParameters} from './parameters.ts';
import {formatText, MAX_TEXT_BYTES, parseText, type TextKeys} from './text.ts';
import type {Wire} from './wire.ts';

const TRANSIT = 0x80;
const CONTINUE = 0x40;
/** Stages. */
const SECURITY = 0;
const OPERATIONAL = 1;
const FULL_FEATURE = 3;

/** Status class and detail. @see RFC 7143, section 11.13.5 */
const SUCCESS = 0x0000;
const INITIATOR_ERROR = 0x0200;
const AUTHENTICATION_FAILURE = 0x0201;
const NOT_FOUND = 0x0203;
const UNSUPPORTED_VERSION = 0x0205;
const MISSING_PARAMETER = 0x0207;
const SESSION_DOES_NOT_EXIST = 0x020a;

const MAX_REQUESTS = 64;

/** Who has logged in, and to what. */
export interface LoggedIn {
  initiatorName: string;
  /** ISID as hexadecimal digits: it tells sessions of one initiator apart. */
  isid: string;
  /** Undefined in a discovery session. */
  targetName: string | undefined;
  parameters: SessionParameters;
  /** Of the next command. */
  cmdSn: number;
  statSn: number;
}

/** The target's side of a login, without authentication. */
export class Login {
  private readonly wire: Wire;
  private readonly hasTarget: (name: string) => boolean;
  private readonly parameters: SessionParameters = {...defaultParameters};
  private readonly known = new Map<string, string>();
  private text = Buffer.alloc(0);
  private statSn = 0;
  private declared = false;

  constructor(wire: Wire, hasTarget: (name: string) => boolean) {
    this.wire = wire;
    this.hasTarget = hasTarget;
  }

  /** Undefined when the initiator was refused. @throws when it breaks the protocol or goes away */
  async run(): Promise<LoggedIn | undefined> {
    for (let requests = 0; requests < MAX_REQUESTS; requests++) {
      const pdu = await this.wire.receive();
      if (opcodeOf(pdu) !== LOGIN_REQUEST) throw new Error('no login request');
      if (requests === 0) this.statSn = pdu.head.readUInt32BE(28);
      const flags = pdu.head[1];
      if (pdu.head[3] > 0) return this.refuse(pdu, UNSUPPORTED_VERSION);
      if (pdu.head.readUInt16BE(14) !== 0) return this.refuse(pdu, SESSION_DOES_NOT_EXIST);
      this.text = Buffer.concat([this.text, pdu.data]);
      if (this.text.length > MAX_TEXT_BYTES) return this.refuse(pdu, INITIATOR_ERROR);
      if ((flags & CONTINUE) !== 0) {
        await this.answer(pdu, flags & 0x0c, []);
        continue;
      }
      const keys = parseText(this.text);
      this.text = Buffer.alloc(0);
      if (keys === undefined) return this.refuse(pdu, INITIATOR_ERROR);
      for (const [key, value] of keys) this.known.set(key, value);
      const fault = this.faultOf(flags, keys);
      if (fault !== SUCCESS) return this.refuse(pdu, fault);
      const next = (flags & TRANSIT) === 0 ? undefined : flags & 0x03;
      await this.answer(pdu, flags & (TRANSIT | 0x0f), this.answersTo(flags, keys), next === FULL_FEATURE);
      if (next === FULL_FEATURE) return this.result(pdu);
    }
    throw new Error('a login without an end');
  }

  private faultOf(flags: number, keys: TextKeys): number {
    const stage = (flags >>> 2) & 0x03;
    if (stage !== SECURITY && stage !== OPERATIONAL) return INITIATOR_ERROR;
    const isDiscovery = this.known.get('SessionType') === 'Discovery';
    const targetName = this.known.get('TargetName');
    if (!this.known.has('InitiatorName')) return MISSING_PARAMETER;
    if (!isDiscovery && targetName === undefined) return MISSING_PARAMETER;
    if (!isDiscovery && !this.hasTarget(targetName ?? '')) return NOT_FOUND;
    const methods = keys.get('AuthMethod');
    return methods === undefined || methods.split(',').includes('None') ? SUCCESS : AUTHENTICATION_FAILURE;
  }

  private answersTo(flags: number, keys: TextKeys): [string, string][] {
    const answers = negotiate(keys, this.parameters);
    if (keys.has('AuthMethod')) answers.unshift(['AuthMethod', 'None']);
    const isOperational = ((flags >>> 2) & 0x03) === OPERATIONAL;
    if (!isOperational || this.declared) return answers;
    this.declared = true;
    const own: [string, string][] = [['MaxRecvDataSegmentLength', String(MAX_DATA_SEGMENT)]];
    if (this.known.get('SessionType') !== 'Discovery') own.push(['TargetPortalGroupTag', '1']);
    return [...answers, ...own];
  }

  private answer(pdu: Pdu, flags: number, answers: [string, string][], isLast = false): Promise<void> {
    return this.respond(pdu, flags, SUCCESS, formatText(answers), isLast);
  }

  private async refuse(pdu: Pdu, status: number): Promise<undefined> {
    await this.respond(pdu, pdu.head[1] & 0x0c, status, Buffer.alloc(0), false);
    return undefined;
  }

  private respond(pdu: Pdu, flags: number, status: number, data: Buffer, isLast: boolean): Promise<void> {
    const head = makeHead(LOGIN_RESPONSE, flags, pdu.head.readUInt32BE(16));
    pdu.head.copy(head, 8, 8, 14);
    if (isLast) head.writeUInt16BE(1, 14);
    const cmdSn = pdu.head.readUInt32BE(24);
    head.writeUInt32BE(this.statSn, 24);
    head.writeUInt32BE(cmdSn, 28);
    head.writeUInt32BE(cmdSn, 32);
    head.writeUInt16BE(status, 36);
    if (status === SUCCESS) this.statSn = (this.statSn + 1) >>> 0;
    return this.wire.send(head, data);
  }

  private result(pdu: Pdu): LoggedIn {
    const isDiscovery = this.known.get('SessionType') === 'Discovery';
    return {
      initiatorName: this.known.get('InitiatorName') ?? '',
      isid: pdu.head.toString('hex', 8, 14),
      targetName: isDiscovery ? undefined : this.known.get('TargetName'),
      parameters: this.parameters,
      cmdSn: pdu.head.readUInt32BE(24),
      statSn: this.statSn,
    };
  }
}
