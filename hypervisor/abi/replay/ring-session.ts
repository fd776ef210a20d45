import {RINGS} from '../catalogue.ts';
import {ABIS} from '../ctype.ts';
import type {Abi} from '../ctype.ts';
import {ringEntries, ringGeometry} from '../io/ring.ts';
import type {RingTypes} from '../io/ring.ts';
import {BackRing, FrontRing, SharedRing} from '../ring.ts';
import {writeStruct} from '../value.ts';
import {FNV_OFFSET_BASIS, fnv1a, hashText} from './fnv.ts';
import {LineError, MAX_AREA_BYTES, bit, bytesOf, count, index, integer} from './session.ts';
import type {Line, Outcome, Session} from './session.ts';
import {SLOT_RULES} from './slots.ts';
import type {SlotContents, SlotRules} from './slots.ts';

/** A ring of requests and responses with both of its ends. */
class RingSession implements Session {
  readonly outcome: Outcome;
  readonly operations: Session['operations'];
  private readonly area: Uint8Array;
  private readonly abi: Abi;
  private readonly rules: SlotRules | undefined;
  private readonly shared: SharedRing;
  private readonly front: FrontRing;
  private readonly back: BackRing;
  private readonly request: Uint8Array;
  private readonly response: Uint8Array;

  constructor(types: RingTypes, abi: Abi, sizeBytes: number, start: number) {
    const words = new Uint32Array(sizeBytes / 4);
    const {requestBytes, responseBytes} = ringGeometry(types, abi);
    this.area = bytesOf(words, sizeBytes);
    this.abi = abi;
    this.rules = SLOT_RULES.get(types.tag);
    this.shared = new SharedRing(types, abi, {u32: words, base: 0, sizeBytes});
    this.shared.init();
    this.shared.reqProd = start;
    this.shared.rspProd = start;
    this.shared.reqEvent = start + 1;
    this.shared.rspEvent = start + 1;
    this.front = new FrontRing(this.shared, start);
    this.back = new BackRing(this.shared, start);
    this.request = bytesOf(new Uint32Array(this.shared.requestWords), requestBytes);
    this.response = bytesOf(new Uint32Array(this.shared.responseWords), responseBytes);
    this.outcome = {nr: this.shared.entries};
    this.operations = {...this.frontOperations(), ...this.backOperations(), ...this.questions()};
  }

  indexes(): readonly number[] {
    const {shared, front, back} = this;
    const {reqProd, reqEvent, rspProd, rspEvent} = shared;
    return [reqProd, reqEvent, rspProd, rspEvent, front.reqProdPvt, front.rspCons, back.rspProdPvt, back.reqCons];
  }

  hash(): string {
    return hashText(fnv1a(this.area));
  }

  private frontOperations(): Session['operations'] {
    const {shared, front} = this;
    return {
      fput: (line) => this.fill(count(line), integer(line, 'c'), 'request', () => front.claimRequest()),
      fpush: () => {
        front.pushRequests();
        return {};
      },
      fpushn: () => ({notify: bit(front.pushRequestsAndCheckNotify())}),
      fpushn_race: (line) => {
        const event = index(line, 'ev');
        const old = front.pushRequests();
        shared.reqEvent = event;
        return {notify: bit(front.requestsNeedNotify(old))};
      },
      fget: (line) => this.take(count(line), this.response, (into) => front.takeResponse(into)),
      ffinal: () => ({work: front.finalCheckForResponses()}),
      ffinal_race: () => {
        const work = front.unconsumedResponses();
        if (work !== 0) return {work};
        front.awaitResponses();
        this.back.pushResponses();
        return {work: front.unconsumedResponses()};
      },
      fev: (line) => {
        front.awaitResponses(index(line, 'k'));
        return {};
      },
    };
  }

  private backOperations(): Session['operations'] {
    const {shared, back} = this;
    return {
      bput: (line) => this.fill(count(line), integer(line, 'd'), 'response', () => back.claimResponse()),
      bpush: () => {
        back.pushResponses();
        return {};
      },
      bpushn: () => ({notify: bit(back.pushResponsesAndCheckNotify())}),
      bpushn_race: (line) => {
        const event = index(line, 'ev');
        const old = back.pushResponses();
        shared.rspEvent = event;
        return {notify: bit(back.responsesNeedNotify(old))};
      },
      bget: (line) => this.take(count(line), this.request, (into) => back.takeRequest(into)),
      bfinal: () => ({work: back.finalCheckForRequests()}),
      bfinal_race: () => {
        const work = back.unconsumedRequests();
        if (work !== 0) return {work};
        back.awaitRequests();
        this.front.pushRequests();
        return {work: back.unconsumedRequests()};
      },
      bev: (line) => {
        back.awaitRequests(index(line, 'k'));
        return {};
      },
    };
  }

  private questions(): Session['operations'] {
    const {shared, front, back} = this;
    return {
      evil_req_prod: (line) => {
        const honest = shared.reqProd;
        shared.reqProd = index(line, 'x');
        const outcome = {over: bit(back.requestProdOverflow()), unconsumed: back.unconsumedRequests()};
        shared.reqProd = honest;
        return outcome;
      },
      evil_rsp_prod: (line) => {
        const honest = shared.rspProd;
        shared.rspProd = index(line, 'x');
        const outcome = {over: bit(front.responseProdOverflow()), unconsumed: front.unconsumedResponses()};
        shared.rspProd = honest;
        return outcome;
      },
      query: (line) => {
        const x = index(line, 'x');
        const unconsumed = [back.unconsumedRequests(), front.unconsumedResponses()];
        const overflow = [bit(back.requestConsOverflow(x)), bit(back.requestProdOverflow(x))];
        return {q: [front.free(), bit(front.full()), ...unconsumed, ...overflow]};
      },
    };
  }

  private fill(n: number, counter: number, what: keyof SlotRules, claim: () => number): Outcome {
    const {rules, area, abi, shared} = this;
    if (rules === undefined) throw new LineError(`ring "${shared.tag}" has no rule for what its slots hold`);
    for (let i = 0; i < n; i++) {
      const {struct, fields}: SlotContents = rules[what](counter + i);
      writeStruct(struct, abi, area, shared.slotWord(claim()) * 4, fields);
    }
    return {};
  }

  private take(n: number, message: Uint8Array, copyOut: (into: Uint32Array) => void): Outcome {
    const into = new Uint32Array(message.buffer);
    let hash = FNV_OFFSET_BASIS;
    for (let i = 0; i < n; i++) {
      copyOut(into);
      hash = fnv1a(message, hash);
    }
    return {r: hashText(hash)};
  }
}

/** `init`: an area of `size` bytes, both ends attached at `start`. */
export const startRing = (line: Line): Session => {
  const types = RINGS.get(String(line.ring));
  if (types === undefined) throw new LineError(`unknown ring "${String(line.ring)}"`);
  const abi = ABIS.find((each) => each === line.abi);
  if (abi === undefined) throw new LineError(`unknown abi "${String(line.abi)}"`);
  const size = integer(line, 'size', 1, MAX_AREA_BYTES);
  const {ringOffset, entryBytes} = ringGeometry(types, abi);
  if (size % 4 !== 0 || ringEntries(size, ringOffset, entryBytes) === 0)
    throw new LineError(`"size" ${size} makes no ${types.tag} ring`);
  return new RingSession(types, abi, size, index(line, 'start'));
};
