import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';

/** Those of clients. @see RFC 6335, 6 */
const FIRST_EPHEMERAL = 49152;
const EPHEMERAL_PORTS = 16384;

/** A port that is free for a client, the first from a random one on; undefined when there is none. @see RFC 6056, 3.3.1 */
export const freePort = (schedule: TaskQueue, isFree: (port: number) => boolean): number | undefined => {
  const start = schedule.random() % EPHEMERAL_PORTS;
  for (let i = 0; i < EPHEMERAL_PORTS; i++) {
    const port = FIRST_EPHEMERAL + ((start + i) % EPHEMERAL_PORTS);
    if (isFree(port)) return port;
  }
  return undefined;
};
