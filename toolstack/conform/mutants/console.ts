import {CONSOLE} from '../peers/console-page.ts';
import {filter} from 'rxjs';
import {XS} from '../../../hypervisor/xenstore/index.ts';
import type {Mutant} from './mutant.ts';

type Field = keyof typeof CONSOLE;

const OK = 'OK\0';
/** Where the indexes begin; data lie before them. */
const DATA_BYTES = CONSOLE.inCons;

/** Writes another value into a word of its own. */
const writes = (name: string, field: Field, change: (value: number) => number): Mutant => ({
  name,
  layer: () => ({write: ({offset}, value, store) => store(offset === CONSOLE[field] ? change(value) >>> 0 : value)}),
});

export const narrowConsole = (field: Field): Mutant =>
  writes('keeps its index in 16 bits', field, (value) => value & 0xffff);

export const advancesTooFar = (field: Field): Mutant =>
  writes('advances one byte too far', field, (value) => value + 1);

/** Writes an index into the word after it. */
export const misplaces = (field: Field): Mutant => ({
  name: `has ${field} in another place`,
  layer: () => ({
    write: ({offset, page}, value, store) => {
      if (offset === CONSOLE[field]) page[offset / 4 + 4] = value;
      else store(value);
    },
  }),
});

export const neverPublishes = (field: Field): Mutant => ({
  name: `never writes ${field}`,
  layer: () => ({
    write: ({offset}, value, store) => {
      if (offset !== CONSOLE[field]) store(value);
    },
  }),
});

export const sendsNoEvents: Mutant = {name: 'sends no events', layer: () => ({ops: {evtchnSend: () => 0}})};

/** Takes an index that cannot be for a full ring. */
export const believesAnyIndex = (prod: Field, cons: Field, sizeBytes: number): Mutant => ({
  name: 'takes an impossible index for a full ring',
  layer: () => ({
    read: ({offset}, fetch) => {
      const value = fetch();
      if (offset !== CONSOLE[prod]) return value;
      const start = fetch(CONSOLE[cons]);
      return (value - start) >>> 0 > sizeBytes ? (start + sizeBytes) >>> 0 : value;
    },
  }),
});

/** Thinks that all it wrote has been taken. */
export const seesNoFullRing = (prod: Field, cons: Field): Mutant => ({
  name: 'does not see that the ring is full',
  layer: () => ({read: ({offset}, fetch) => fetch(offset === CONSOLE[cons] ? CONSOLE[prod] : undefined)}),
});

export const takesEventForData = (prod: Field): Mutant => ({
  name: 'takes an event for a byte',
  layer: () => ({read: ({offset}, fetch) => (fetch() + (offset === CONSOLE[prod] ? 1 : 0)) >>> 0}),
});

/** Of a writer when it publishes, of a reader when it looks. */
export const stripsEighthBit = (field: Field): Mutant => {
  const strip = (page: Uint32Array): void => {
    for (let word = 0; word < DATA_BYTES / 4; word++) page[word] &= 0x7f7f7f7f;
  };
  return {
    name: `strips the eighth bit at ${field}`,
    layer: () => ({
      read: ({offset, page}, fetch) => {
        if (offset === CONSOLE[field]) strip(page);
        return fetch();
      },
      write: ({offset, page}, value, store) => {
        if (offset === CONSOLE[field]) strip(page);
        store(value);
      },
    }),
  };
};

export const remembersIndex = (field: Field): Mutant => ({
  name: `remembers ${field} by itself`,
  layer: () => {
    let own: number | undefined;
    return {
      read: ({offset}, fetch) => (offset === CONSOLE[field] ? (own ?? fetch()) : fetch()),
      write: ({offset}, value, store) => {
        if (offset === CONSOLE[field]) own = value;
        store(value);
      },
    };
  },
});

export const servesAnyType: Mutant = {
  name: 'serves consoles of any type',
  layer: () => ({
    receive: (message, pass) => pass(message.payload === 'ioemu' ? {...message, payload: 'xenconsoled'} : message),
  }),
};

export const writesNoTty: Mutant = {
  name: 'does not say where the terminal is',
  layer: () => ({
    send: (request, pass, reply) => {
      if (request.payload.includes('/console/tty\0')) reply(OK);
      else pass(request);
    },
  }),
};

export const failsForGood: Mutant = {
  name: 'serves nobody any more after a port that it could not bind',
  layer: () => {
    let failed = false;
    return {
      ops: {
        evtchnBindInterdomain: (real, ...args) => {
          const port = failed ? -22 : real(...args);
          failed ||= port < 0;
          return port;
        },
      },
    };
  },
};

export const losesLastWords: Mutant = {
  name: 'lets go of the ring of a dead guest unread',
  layer: () => {
    let isGone = false;
    return {
      ops: {
        evtchnStatus: (real, ...args) => {
          isGone = true;
          return real(...args);
        },
      },
      read: ({offset}, fetch) => fetch(isGone && offset === CONSOLE.outProd ? CONSOLE.outCons : undefined),
    };
  },
};

export const mapsFirstRing: Mutant = {
  name: 'maps the ring of the first guest for all',
  layer: () => {
    let first: number | undefined;
    return {ops: {gnttabMap: (real, granter, ref, flags) => real((first ??= granter), ref, flags)}};
  },
};

/** Takes the first value that it has read of a node for good. */
export const remembersNode = (node: string): Mutant => ({
  name: `does not look at ${node} again`,
  layer: () => {
    const asked = new Set<number>();
    let first: string | undefined;
    return {
      send: (request, pass) => {
        if (request.type === XS.READ && request.payload.startsWith(`/local/domain/1/console/${node}\0`))
          asked.add(request.reqId);
        pass(request);
      },
      receive: (message, pass) => {
        if (message.type === XS.WATCH_EVENT || !asked.delete(message.reqId)) return pass(message);
        first ??= message.payload;
        pass({...message, payload: first});
      },
    };
  },
});

export const starvesOthers: Mutant = {
  name: 'hears others only when the first guest is silent',
  layer: () => {
    let page: Uint32Array | undefined;
    let firstPort: number | undefined;
    const isSilent = (): boolean => page === undefined || page[CONSOLE.outProd / 4] === page[CONSOLE.outCons / 4];
    return {
      ringFound: (_ring, _gfn, words) => void (page ??= words),
      ops: {
        events: (real, port) => {
          firstPort ??= port;
          return port === firstPort ? real(port) : real(port).pipe(filter(isSilent));
        },
      },
    };
  },
};

/** Takes a domain that has no console for one with a ring and a port. */
export const inventsConsole: Mutant = {
  name: 'takes parameters of 0 for a page and a port',
  layer: () => ({ops: {hvmParam: (real, index) => real(index) || 2}}),
};

/** Lets the guest write what it should read. */
export const opensConsole: Mutant = {
  name: 'lets the guest write its console nodes',
  layer: () => ({
    send: (request, pass) => {
      const [path, ...permissions] = request.payload.split('\0');
      const isOpened = request.type === XS.SET_PERMS && path.includes('/console');
      pass(
        isOpened
          ? {...request, payload: [path, ...permissions.map((each) => each.replace(/^r/, 'b'))].join('\0')}
          : request,
      );
    },
  }),
};
