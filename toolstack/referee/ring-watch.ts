import type {RingView} from './ring-view.ts';
import {ahead, type Consumption, type RingCourt, RingSide} from './ring-side.ts';

/** What the requests and responses of one ring have to be like. Told of each of them once, in order. */
export interface RingMessages {
  requests(from: number, to: number): void;
  responses(from: number, to: number): void;
  /** Some have passed unseen: those that are under way now are not known. */
  lose(): void;
}

/** Rules of a protocol with neither ids nor pages. */
export const opaqueMessages: RingMessages = {
  requests: () => undefined,
  responses: () => undefined,
  lose: () => undefined,
};

export interface RingWatchOptions {
  readonly view: RingView;
  readonly court: RingCourt;
  readonly messages: RingMessages;
  /** How the backend takes requests. */
  readonly consumption: Consumption;
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
  private isBroken = false;

  constructor({view, court, messages, consumption}: RingWatchOptions) {
    this.view = view;
    this.court = court;
    this.messages = messages;
    this.reqProd = view.reqProd;
    this.rspProd = view.rspProd;
    this.reqEvent = view.reqEvent;
    this.rspEvent = view.rspEvent;
    this.requests = new RingSide(
      {producer: 'frontend', consumer: 'backend', consumption, index: 'req'},
      court,
      this.reqProd,
      this.reqEvent,
    );
    this.responses = new RingSide(
      {producer: 'backend', consumer: 'frontend', consumption: 'takes', index: 'rsp'},
      court,
      this.rspProd,
      this.rspEvent,
    );
    // Requests that were there before the ring was announced.
    if (this.underWay <= view.entries) messages.requests(this.rspProd, this.reqProd);
    else this.isBroken = true;
  }

  /** Requests without an answer. */
  private get underWay(): number {
    return (this.reqProd - this.rspProd) >>> 0;
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
    if (!this.arePossible(reqProd, rspProd)) return this.breakOff();
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

  private arePossible(reqProd: number, rspProd: number): boolean {
    const {court, view} = this;
    if (ahead(reqProd, this.reqProd) < 0) {
      court.report(
        'frontend',
        'RING-IDX-01',
        `req_prod went back from ${this.reqProd} to ${reqProd}`,
        'it only advances',
      );
    } else if (ahead(rspProd, this.rspProd) < 0) {
      court.report(
        'backend',
        'RING-IDX-01',
        `rsp_prod went back from ${this.rspProd} to ${rspProd}`,
        'it only advances',
      );
    } else if (ahead(reqProd, rspProd) > view.entries) {
      court.report(
        'frontend',
        'RING-IDX-02',
        `req_prod ${reqProd} is ${ahead(reqProd, rspProd)} ahead of rsp_prod ${rspProd}`,
        `${view.entries} requests under way, the ring's size`,
      );
    } else if (ahead(rspProd, reqProd) > 0) {
      court.report(
        'backend',
        'RING-IDX-06',
        `rsp_prod ${rspProd} is past req_prod ${reqProd}`,
        `${ahead(reqProd, this.rspProd)} responses more, one for each request`,
      );
    } else return true;
    return false;
  }

  private breakOff(): void {
    this.isBroken = true;
    this.close();
  }

  private readMessages(reqProd: number, rspProd: number): void {
    const {messages, view} = this;
    // A slot may hold the next message already when both ends have moved since the last look.
    const isOverwritten = ahead(rspProd, this.reqProd) > 0 || ahead(reqProd, this.rspProd) > view.entries;
    if (isOverwritten) return messages.lose();
    if (rspProd !== this.rspProd) messages.responses(this.rspProd, rspProd);
    if (reqProd !== this.reqProd) messages.requests(this.reqProd, reqProd);
  }

  private followEvents(reqProd: number, reqEvent: number, rspProd: number, rspEvent: number): void {
    const {requests, responses} = this;
    const hasAnswered = rspProd !== this.rspProd;
    if (hasAnswered) requests.consumerMoved();
    if (reqProd !== this.reqProd) responses.consumerMoved();
    requests.follow(reqProd, reqEvent, hasAnswered && reqProd !== this.reqProd ? undefined : rspProd);
    responses.follow(rspProd, rspEvent);
  }
}
