import type {RingView} from './ring-view.ts';
import {ahead, type Consumption, type RingCourt, RingSide} from './ring-side.ts';

/** What the requests and responses of one ring have to be like. Told of each of them once, in order. */
export interface RingMessages {
  requests(from: number, to: number): void;
  responses(from: number, to: number): void;
  /** Some have passed unseen: those that are under way now are not known. */
  lose(): void;
}

export interface RingWatchOptions {
  readonly view: RingView;
  readonly court: RingCourt;
  readonly messages: RingMessages;
  /** How the backend takes requests, and how the frontend takes responses. */
  readonly backend: Consumption;
  readonly frontend: Consumption;
}

/**
 * A ring in use, looked at between any two tasks of the host: only one end has moved then, mostly. What either end writes
 * there is judged by what the other has written before.
 */
export class RingWatch {
  readonly requests: RingSide;
  readonly responses: RingSide;
  private readonly view: RingView;
  private readonly court: RingCourt;
  private readonly messages: RingMessages;
  private reqProd: number;
  private rspProd: number;
  private reqEvent: number;
  private rspEvent: number;
  /** An index was impossible: nothing that comes after it can be judged. */
  private isBroken: boolean;

  constructor({view, court, messages, backend, frontend}: RingWatchOptions) {
    this.view = view;
    this.court = court;
    this.messages = messages;
    this.reqProd = view.reqProd;
    this.rspProd = view.rspProd;
    this.reqEvent = view.reqEvent;
    this.rspEvent = view.rspEvent;
    this.requests = new RingSide(
      {producer: 'frontend', consumer: 'backend', consumption: backend, index: 'req'},
      court,
      this.reqProd,
      this.reqEvent,
    );
    this.responses = new RingSide(
      {producer: 'backend', consumer: 'frontend', consumption: frontend, index: 'rsp'},
      court,
      this.rspProd,
      this.rspEvent,
    );
    // Requests that were there before the ring was announced.
    this.isBroken = (this.reqProd - this.rspProd) >>> 0 > view.entries;
    if (!this.isBroken) messages.requests(this.rspProd, this.reqProd);
  }

  look(): void {
    const {reqProd, reqEvent, rspProd, rspEvent} = this.view;
    if (
      (reqProd === this.reqProd &&
        rspProd === this.rspProd &&
        reqEvent === this.reqEvent &&
        rspEvent === this.rspEvent) ||
      this.isBroken
    )
      return;
    const hasFrontendMoved = reqProd !== this.reqProd || rspEvent !== this.rspEvent;
    if (!this.court.isThere() || !this.arePossible(reqProd, rspProd, hasFrontendMoved)) return this.breakOff();
    this.readMessages(reqProd, rspProd);
    this.followEvents(reqProd, reqEvent, rspProd, rspEvent);
    this.reqProd = reqProd;
    this.rspProd = rspProd;
    this.reqEvent = reqEvent;
    this.rspEvent = rspEvent;
  }

  close(): void {
    this.requests.close();
    this.responses.close();
  }

  private arePossible(reqProd: number, rspProd: number, hasFrontendMoved: boolean): boolean {
    const {entries} = this.view;
    const requests = ahead(reqProd, rspProd);
    if (ahead(reqProd, this.reqProd) < 0)
      this.court.report(
        'frontend',
        'RING-IDX-01',
        `req_prod went back from ${this.reqProd} to ${reqProd}`,
        'it only advances',
      );
    else if (ahead(reqProd, this.reqProd) > 2 * entries || requests > entries) {
      const done = `req_prod went from ${this.reqProd} to ${reqProd}, rsp_prod is ${rspProd}`;
      this.court.report('frontend', 'RING-IDX-02', done, `${entries} requests under way, the ring's size`);
    } else if (ahead(rspProd, this.rspProd) < 0)
      this.blameForResponses(hasFrontendMoved, `rsp_prod went back from ${this.rspProd} to ${rspProd}`, 'RING-IDX-01');
    else if (requests < 0)
      this.blameForResponses(hasFrontendMoved, `rsp_prod ${rspProd} is past req_prod ${reqProd}`, 'RING-IDX-06');
    else return true;
    return false;
  }

  /** The ring is the frontend's own memory: what comes to be while it runs it has done itself. */
  private blameForResponses(hasFrontendMoved: boolean, done: string, clause: string): void {
    if (hasFrontendMoved) this.court.report('frontend', 'RING-IDX-05', done, 'only the backend writes it');
    else this.court.report('backend', clause, done, 'it advances by one for each request that is answered');
  }

  private breakOff(): void {
    this.court.loses();
    this.isBroken = true;
    this.close();
  }

  private readMessages(reqProd: number, rspProd: number): void {
    const {messages, view} = this;
    // A slot may hold the next message already when both ends have moved since the last look.
    const isOverwritten = ahead(rspProd, this.reqProd) > 0 || ahead(reqProd, this.rspProd) > view.entries;
    if (isOverwritten) {
      this.court.loses();
      return messages.lose();
    }
    if (rspProd !== this.rspProd) messages.responses(this.rspProd, rspProd);
    if (reqProd !== this.reqProd) messages.requests(this.reqProd, reqProd);
  }

  private followEvents(reqProd: number, reqEvent: number, rspProd: number, rspEvent: number): void {
    const {requests, responses} = this;
    const hasAnswered = rspProd !== this.rspProd;
    const hasAsked = reqProd !== this.reqProd;
    if (hasAnswered) requests.consumerMoved();
    if (hasAsked) responses.consumerMoved();
    requests.follow(reqProd, reqEvent, hasAnswered ? undefined : rspProd);
    responses.follow(rspProd, rspEvent, hasAsked ? undefined : reqProd);
  }
}
