import {formatIp} from '../ip.ts';
import type {TaskQueue} from '../../../../hypervisor/schedule/index.ts';
import type {Endpoints} from './connection.ts';
import type {Sequence} from './sequence.ts';

/** The clock behind initial sequence numbers ticks every 4 microseconds. */
const TICK_NS = 4000;
const FNV_PRIME = 0x01000193;

/**
 * Initial sequence numbers that grow for each pair of endpoints and tell nothing of those of others.
 * @see RFC 9293, 3.4.1; RFC 6528
 */
export class InitialSequence {
  private readonly schedule: TaskQueue;
  private readonly secret: number;

  constructor(schedule: TaskQueue) {
    this.schedule = schedule;
    this.secret = schedule.random();
  }

  next({localAddress, localPort, remoteAddress, remotePort}: Endpoints): Sequence {
    const ticks = Math.floor(this.schedule.now() / TICK_NS);
    const text = `${formatIp(localAddress)} ${localPort} ${formatIp(remoteAddress)} ${remotePort}`;
    let hash = this.secret;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
    // FNV leaves its low bits weak.
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return (ticks + (hash ^ (hash >>> 13))) >>> 0;
  }
}
