import {NS_PER_MS} from '../../../hypervisor/schedule/index.ts';

/** Four significant digits at most, as iputils prints times. */
export const formatRtt = (ns: number): string => {
  const ms = ns / NS_PER_MS;
  if (ms >= 100) return ms.toFixed(0);
  return ms.toFixed(ms >= 10 ? 1 : ms >= 1 ? 2 : 3);
};

/** What ping tells at its end. */
export class PingStatistics {
  transmitted = 0;
  received = 0;
  duplicates = 0;
  errors = 0;
  private sumMs = 0;
  private sumSquaresMs = 0;
  private minMs = Infinity;
  private maxMs = 0;

  addReply(rttNs: number): void {
    const ms = rttNs / NS_PER_MS;
    this.received++;
    this.sumMs += ms;
    this.sumSquaresMs += ms * ms;
    this.minMs = Math.min(this.minMs, ms);
    this.maxMs = Math.max(this.maxMs, ms);
  }

  lines(target: string, elapsedNs: number): string[] {
    const {transmitted, received, duplicates, errors} = this;
    const loss = transmitted === 0 ? 0 : ((transmitted - received) * 100) / transmitted;
    const extras = `${duplicates > 0 ? `, +${duplicates} duplicates` : ''}${errors > 0 ? `, +${errors} errors` : ''}`;
    const lossText = String(Number(loss.toPrecision(6)));
    const summary = `${transmitted} packets transmitted, ${received} received${extras}, ${lossText}% packet loss`;
    const lines = ['', `--- ${target} ping statistics ---`, `${summary}, time ${Math.round(elapsedNs / NS_PER_MS)}ms`];
    if (received > 0) lines.push(this.rttLine());
    return lines;
  }

  private rttLine(): string {
    const mean = this.sumMs / this.received;
    const deviation = Math.sqrt(Math.max(0, this.sumSquaresMs / this.received - mean * mean));
    const cells = [this.minMs, mean, this.maxMs, deviation].map((ms) => ms.toFixed(3));
    return `rtt min/avg/max/mdev = ${cells.join('/')} ms`;
  }
}
