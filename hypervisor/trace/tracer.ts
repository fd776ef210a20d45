import {tracePoints, type TracePoint} from './points.ts';

export interface TraceRecord {
  timeNs: number;
  point: TracePoint;
  /** The domain that acts. */
  domid: number;
  /** Values in the order of tracePoints[point]. */
  values: readonly (number | string)[];
}

export type TraceSink = (record: TraceRecord) => void;

/** Fans trace records out to sinks. Callers look at `on` first, so that a host without sinks pays one load. */
export class Tracer {
  on = false;
  private readonly now: () => number;
  private sinks: readonly TraceSink[] = [];

  constructor(now: () => number) {
    this.now = now;
  }

  emit(point: TracePoint, domid: number, ...values: (number | string)[]): void {
    const record = {timeNs: this.now(), point, domid, values};
    for (const sink of this.sinks) sink(record);
  }

  /** Returns the function that takes the sink away again. */
  addSink(sink: TraceSink): () => void {
    this.sinks = [...this.sinks, sink];
    this.on = true;
    return () => {
      this.sinks = this.sinks.filter((other) => other !== sink);
      this.on = this.sinks.length > 0;
    };
  }
}

/** "     12000 d1 evtchn_send port=3 remote=0 remote_port=7" */
export const formatRecord = ({timeNs, point, domid, values}: TraceRecord): string => {
  const fields = tracePoints[point].map((name, i) => ` ${name}=${values[i]}`).join('');
  return `${String(timeNs).padStart(12)} d${domid} ${point}${fields}`;
};
