import {filter, map, merge, type Observable, of} from 'rxjs';
import type {ConsoleDaemon} from '../../backends/console/index.ts';
import type {SerialLine} from '../../backends/emulated/uart/index.ts';
import type {DomId} from '../../hypervisor/index.ts';
import {ToolstackError} from '../errors.ts';
import type {ConsoleType} from './api.ts';
import type {DomainRecords} from './domain-records.ts';

/** What a domain's consoles say, and what is typed at them. */
export class ConsoleControl {
  private readonly consoles: ConsoleDaemon;
  private readonly records: DomainRecords;

  constructor(consoles: ConsoleDaemon, records: DomainRecords) {
    this.consoles = consoles;
    this.records = records;
  }

  output(domid: DomId, type: ConsoleType, scrollback: boolean): Observable<Uint8Array> {
    const {kept, live} = type === 'serial' ? this.serial(domid) : this.pv(domid);
    return scrollback ? merge(of(kept), live) : live;
  }

  input(domid: DomId, type: ConsoleType, data: Uint8Array): void {
    if (type === 'serial') this.line(domid).write(data);
    else this.consoles.write(domid, data);
  }

  private pv(domid: DomId): {kept: Uint8Array; live: Observable<Uint8Array>} {
    const console = this.consoles.guest(domid);
    if (console === undefined) throw noTty();
    const live = this.consoles.output.pipe(
      filter((chunk) => chunk.domid === domid),
      map(({bytes}) => bytes),
    );
    return {kept: console.scrollback, live};
  }

  private serial(domid: DomId): {kept: Uint8Array; live: Observable<Uint8Array>} {
    const {scrollback, output} = this.line(domid);
    return {kept: scrollback, live: output};
  }

  private line(domid: DomId): SerialLine {
    const port = this.records.get(domid).emulated?.serialPorts.at(0);
    if (port === undefined) throw noTty();
    return port.line;
  }
}

const noTty = (): ToolstackError =>
  new ToolstackError('ENOENT', 'xenconsole: Could not read tty from store: No such file or directory');
