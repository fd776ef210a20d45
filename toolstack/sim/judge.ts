import {type Breach, formatBreach, Referee} from '../referee/index.ts';
import type {Rig} from '../conform/rig.ts';
import type {Disturbance, Plan} from './plan.ts';

/** Clauses that a disturbance breaks by itself. */
const excused: Partial<Record<Disturbance['kind'], readonly string[]>> = {
  // What the stopped driver had begun ends by itself, when its successor may have said Closed already.
  'restart-backends': ['GRANT-UNM-09', 'EVTCHN-USE-03'],
  // The frontend takes its pages back, rings too, while the backend, which has not heard of it yet, works on them.
  resume: ['GRANT-TBL-06', 'RING-IDX-01', 'RING-IDX-02'],
  reload: ['GRANT-TBL-06', 'RING-IDX-01', 'RING-IDX-02'],
};

/** The first clause that was broken while a plan ran, as text. */
export class Judge {
  readonly referee: Referee;
  private first: Breach | undefined;

  constructor({xen}: Rig, {disturbances}: Plan) {
    const own = new Set(disturbances.flatMap(({kind}) => excused[kind] ?? []));
    this.referee = new Referee(xen);
    this.referee.breaches.subscribe((breach) => {
      if (!own.has(breach.clause)) this.first ??= breach;
    });
  }

  get fault(): string | undefined {
    return this.first && `referee: ${formatBreach(this.first)}`;
  }
}
