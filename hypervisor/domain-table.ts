import {Immer, enableMapSet} from 'immer';
import {BehaviorSubject, type Observable} from 'rxjs';
import type {DomainInfo, DomainTable} from './domain-info.ts';
import type {DomId} from './ids.ts';

enableMapSet();
const immer = new Immer({autoFreeze: false});

type Mutable = {-readonly [Key in keyof DomainInfo]: DomainInfo[Key]};

/** The domain table as a sequence of immutable values. */
export class DomainTableState {
  private readonly subject = new BehaviorSubject<DomainTable>(new Map());

  get current(): DomainTable {
    return this.subject.value;
  }

  /** The table now and after every change. */
  get changes(): Observable<DomainTable> {
    return this.subject.asObservable();
  }

  insert(info: DomainInfo): void {
    this.advance((table) => table.set(info.domid, info));
  }

  /** Returns the new value. */
  update(domid: DomId, change: Partial<Mutable>): DomainInfo {
    const info = {...this.get(domid), ...change};
    this.advance((table) => table.set(domid, info));
    return info;
  }

  remove(domid: DomId): DomainInfo {
    const info = this.get(domid);
    this.advance((table) => table.delete(domid));
    return info;
  }

  private get(domid: DomId): DomainInfo {
    const info = this.current.get(domid);
    if (info === undefined) throw new Error(`domain ${domid} is not in the table`);
    return info;
  }

  private advance(recipe: (table: Map<DomId, DomainInfo>) => unknown): void {
    this.subject.next(
      immer.produce(this.current, (draft) => {
        recipe(draft);
      }),
    );
  }
}
