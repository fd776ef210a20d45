import {appendFileSync} from 'node:fs';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {Xenstored, type Profile, type RequestTrace} from '../../hypervisor/xenstore/index.ts';
import {listenOnSocket} from '../../hypervisor/xenstore/socket.ts';
import {DomainSockets} from './domain-sockets.ts';
import {StateFile} from './state-file.ts';

/** @see xen.h, DOMID_FIRST_RESERVED */
const DOMID_FIRST_RESERVED = 0x7ff0;

/** After these there may be other domains. */
const ABOUT_DOMAINS: ReadonlySet<string> = new Set(['INTRODUCE', 'RELEASE']);

export interface XenstoredServeOptions {
  readonly socketPath: string;
  readonly profile?: Profile;
  /** File that keeps the tree. */
  readonly statePath?: string;
  /** Directory for the sockets of domains. */
  readonly domainSockets?: string;
  readonly onRequest?: (trace: RequestTrace) => void;
  readonly log?: (line: string) => void;
}

export interface ServedXenstored {
  readonly store: Xenstored;
  close(): Promise<void>;
}

const appendToFile = (path: string, line: string): boolean => {
  try {
    appendFileSync(Buffer.from(path, 'latin1'), `${line}\n`);
    return true;
  } catch {
    return false;
  }
};

/** A store daemon without a host: a domain exists while it is introduced, and has no ring. */
export const serveXenstored = async (options: XenstoredServeOptions): Promise<ServedXenstored> => {
  const {socketPath, statePath, domainSockets, onRequest, log, profile} = options;
  const clock = realClock();
  const state = statePath === undefined ? undefined : new StateFile(statePath, () => store.saveNodes());
  const store: Xenstored = new Xenstored({
    journal: state,
    profile,
    log,
    appendToFile,
    clock,
    domainExists: (domId) => domId === 0 || store.isIntroduced(domId),
    introduceHook: (domId) => (domId < DOMID_FIRST_RESERVED ? undefined : 'ENOENT'),
    onRequest: (trace) => {
      if (ABOUT_DOMAINS.has(trace.type)) sockets?.update();
      onRequest?.(trace);
    },
  });
  const sockets = domainSockets === undefined ? undefined : new DomainSockets(store, domainSockets);
  const content = state?.open();
  if (content !== undefined) {
    store.loadNodes(content.nodes, content.since);
    store.reintroduce();
    sockets?.update();
  }
  const socket = await listenOnSocket(store, socketPath);
  return {
    store,
    close: async () => {
      await socket.close();
      await sockets?.closeAll();
      state?.close();
      clock.close();
    },
  };
};
