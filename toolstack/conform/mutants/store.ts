import {XS, type XsMessage} from '../../../hypervisor/xenstore/index.ts';
import type {Mutant} from './mutant.ts';

/** Paths of one node: "state" of either end, /backend\/.*\/state$/ of one. */
export type Node = string | RegExp;

const matches = (node: Node, path: string): boolean =>
  typeof node === 'string' ? path.endsWith(`/${node}`) : node.test(path);

export const frontState = /device\/.*\/state$/;
export const backState = /backend\/.*\/state$/;

const pathOf = ({payload}: XsMessage): string => payload.split('\0')[0];
const valueOf = ({payload}: XsMessage): string => payload.slice(payload.indexOf('\0') + 1);

/** Writes another value; none at all where `change` gives undefined. `nth` counts the writes of such nodes from 0. */
export const writesInstead = (
  name: string,
  node: Node,
  change: (value: string, nth: number) => string | undefined,
): Mutant => ({
  name,
  layer: () => {
    let nth = 0;
    return {
      send: (request, pass, reply) => {
        if (request.type !== XS.WRITE || !matches(node, pathOf(request))) return pass(request);
        const value = change(valueOf(request), nth++);
        if (value === undefined) reply('OK\0');
        else pass({...request, payload: `${pathOf(request)}\0${value}`});
      },
    };
  },
});

export const neverWrites = (node: string): Mutant => writesInstead(`does not write ${node}`, node, () => undefined);

/** Does not say that it is in a state. */
export const skipsState = (node: Node, state: number): Mutant =>
  writesInstead(`does not write state ${state}`, node, (value) => (value === String(state) ? undefined : value));

/** Writes into another directory than its own. */
export const writesElsewhere = (node: string, elsewhere: string): Mutant => ({
  name: `writes ${node} to ${elsewhere}`,
  layer: () => ({
    send: (request, pass) => {
      const strays = request.type === XS.WRITE && matches(node, pathOf(request));
      pass(strays ? {...request, payload: `${elsewhere}\0${valueOf(request)}`} : request);
    },
  }),
});

/** Takes the value of a node for another one; undefined: the node is not there. `nth` counts the reads of such nodes. */
export const readsInstead = (
  name: string,
  node: Node,
  change: (value: string | undefined, nth: number) => string | undefined,
): Mutant => ({
  name,
  layer: () => {
    const asked = new Set<number>();
    let nth = 0;
    return {
      send: (request, pass) => {
        if (request.type === XS.READ && matches(node, pathOf(request))) asked.add(request.reqId);
        pass(request);
      },
      receive: (message, pass) => {
        if (message.type === XS.WATCH_EVENT || !asked.delete(message.reqId)) return pass(message);
        const value = change(message.type === XS.ERROR ? undefined : message.payload, nth++);
        if (value === undefined) pass({...message, type: XS.ERROR, payload: 'ENOENT\0'});
        else pass({...message, type: XS.READ, payload: value});
      },
    };
  },
});

/** Hears no more of the peer's state once it has written a state of its own. */
export const deafAfter = (own: Node, state: number, other: Node): Mutant => ({
  name: `does not look at the peer any more once it is in state ${state}`,
  layer: () => {
    let isDeaf = false;
    return {
      send: (request, pass) => {
        if (request.type === XS.WRITE && matches(own, pathOf(request)) && valueOf(request) === String(state))
          isDeaf = true;
        pass(request);
      },
      receive: (message, pass) => {
        if (!(isDeaf && message.type === XS.WATCH_EVENT && matches(other, pathOf(message)))) pass(message);
      },
    };
  },
});

/** Writes a node only when it has been in a state for a while. */
export const publishesLate = (node: string, own: Node, state: number): Mutant => ({
  name: `writes ${node} after state ${state}`,
  layer: () => {
    const held: XsMessage[] = [];
    let commit: number | undefined;
    let stateTx: number | undefined;
    let out: (request: XsMessage) => void = () => undefined;
    return {
      send: (request, pass, reply) => {
        const {type, txId, reqId} = request;
        out = pass;
        if (type === XS.WRITE && matches(node, pathOf(request))) {
          held.push({...request, txId: 0});
          return reply('OK\0');
        }
        if (type === XS.WRITE && matches(own, pathOf(request)) && valueOf(request) === String(state)) stateTx = txId;
        if (stateTx !== undefined && txId === stateTx && (txId === 0 || type === XS.TRANSACTION_END)) commit = reqId;
        pass(request);
      },
      receive: (message, pass) => {
        pass(message);
        if (message.type === XS.WATCH_EVENT || message.reqId !== commit) return;
        commit = undefined;
        for (const each of held.splice(0)) out(each);
      },
    };
  },
});

/** Writes a node by itself in place of in a transaction. */
export const writesOutside = (node: Node): Mutant => ({
  name: 'writes outside of its transaction',
  layer: () => ({
    send: (request, pass) =>
      pass(request.type === XS.WRITE && matches(node, pathOf(request)) ? {...request, txId: 0} : request),
  }),
});

/** Writes a node twice. */
export const writesTwice = (node: Node): Mutant => ({
  name: 'writes it twice',
  layer: () => ({
    send: (request, pass) => {
      pass(request);
      if (request.type === XS.WRITE && matches(node, pathOf(request))) pass(request);
    },
  }),
});

/** Replies to it are nobody's. */
const NO_REQUEST = 0xffff_fff0;

/** Sends one more message after the first that `when` holds of. */
export const alsoSends = (
  name: string,
  when: (type: number, path: string) => boolean,
  message: (path: string) => Pick<XsMessage, 'type' | 'payload'>,
): Mutant => ({
  name,
  layer: () => {
    let sent = false;
    return {
      send: (request, pass) => {
        pass(request);
        if (sent || !when(request.type, pathOf(request))) return;
        sent = true;
        pass({...message(pathOf(request)), reqId: NO_REQUEST, txId: request.txId});
      },
    };
  },
});

/** Leaves its watches behind. */
export const neverUnwatches: Mutant = {
  name: 'does not remove its watches',
  layer: () => ({
    send: (request, pass, reply) => {
      if (request.type === XS.UNWATCH) reply('OK\0');
      else pass(request);
    },
  }),
};

/** Claims to be connected where it should have refused. */
export const connectsAnyway = (own: RegExp): Mutant =>
  writesInstead('is Connected though it has refused', own, (value) => (value === '5' || value === '6' ? '4' : value));

export const takesForOne = (node: string): Mutant =>
  readsInstead(`takes any ${node} for 1`, node, (value) => (value === undefined ? undefined : '1'));

/** Gives the device up when a node of its own is written again. */
export const closesOn = (node: string): Mutant => ({
  name: `closes when ${node} changes`,
  layer: () => {
    let out: (request: XsMessage) => void = () => undefined;
    let isConnected = false;
    return {
      send: (request, pass) => {
        out = pass;
        if (request.type === XS.WRITE && pathOf(request).endsWith('/state')) isConnected = valueOf(request) === '4';
        pass(request);
      },
      receive: (message, pass) => {
        const path = pathOf(message);
        if (isConnected && message.type === XS.WATCH_EVENT && matches(node, path))
          out({type: XS.WRITE, reqId: NO_REQUEST, txId: 0, payload: `${path.replace(node, 'state')}\x005`});
        pass(message);
      },
    };
  },
});

/** Removes another directory than it should. */
export const removesElsewhere = (name: string, node: RegExp, elsewhere: string): Mutant => ({
  name,
  layer: () => ({
    send: (request, pass) => {
      const strays = request.type === XS.RM && node.test(pathOf(request));
      pass(strays ? {...request, payload: `${elsewhere}\0`} : request);
    },
  }),
});
