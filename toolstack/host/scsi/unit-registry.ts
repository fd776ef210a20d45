import type {OpenUnit} from '../../../backends/scsi/index.ts';
import type {LogicalUnit} from '../../../backends/scsi/target/index.ts';
import {ENODEV} from '../../../hypervisor/errno.ts';
import {DeviceError} from '../../../hypervisor/xenbus/index.ts';
import type {VscsiConfig} from '../../config/index.ts';

/** Units that belong together: a disk alone, or a changer with its drives. Index 0 is the one that was asked for. */
export interface UnitSet {
  readonly units: readonly LogicalUnit[];
  close(): Promise<void>;
}

export type UnitSetOpener = (config: VscsiConfig, path: string) => Promise<UnitSet>;

interface Shelf {
  readonly key: string;
  /** The target's number on dom0's host. */
  readonly id: number;
  readonly set: UnitSet;
  /** Guests' configurations that name it, and backends that have it open. */
  users: number;
}

/**
 * Dom0's own SCSI host: what guests are given has an address there, `p-dev`. Whoever names the same files gets the same
 * units, so that guests share them as initiators share a device. They are closed when nobody has them any more.
 */
export class UnitRegistry {
  private readonly open: UnitSetOpener;
  private readonly shelves = new Map<string, Promise<Shelf>>();
  private readonly byId = new Map<number, Shelf>();

  constructor(open: UnitSetOpener) {
    this.open = open;
  }

  /** The addresses of the units, as `p-dev` has them; `unplug` gives them back. Rejects as the opener does. */
  async plug(config: VscsiConfig, path: string): Promise<string[]> {
    const key = `${config.kind}:${path}`;
    const known = this.shelves.get(key);
    const opening = known ?? this.makeShelf(key, config, path);
    const shelf = await opening;
    shelf.users++;
    return shelf.set.units.map((_, lun) => `0:0:${shelf.id}:${lun}`);
  }

  unplug(pDev: string): void {
    const shelf = this.find(pDev)?.shelf;
    if (shelf !== undefined) this.giveBack(shelf);
  }

  /** What scsiback opens. */
  readonly take = (pDev: string): Promise<OpenUnit> => {
    const found = this.find(pDev);
    if (found === undefined) return Promise.reject(new DeviceError(ENODEV, `dom0 has no SCSI unit ${pDev}`));
    const {shelf, unit} = found;
    shelf.users++;
    return Promise.resolve({unit, close: () => this.giveBack(shelf)});
  };

  private makeShelf(key: string, config: VscsiConfig, path: string): Promise<Shelf> {
    const opening = this.open(config, path).then((set) => {
      const shelf = {key, id: this.freeId(), set, users: 0};
      this.byId.set(shelf.id, shelf);
      return shelf;
    });
    this.shelves.set(key, opening);
    opening.catch(() => this.shelves.delete(key));
    return opening;
  }

  private find(pDev: string): {shelf: Shelf; unit: LogicalUnit} | undefined {
    const [, id, lun] = /^0:0:(\d{1,5}):(\d{1,5})$/.exec(pDev) ?? [];
    const shelf = this.byId.get(Number(id));
    const unit = shelf?.set.units[Number(lun)];
    return shelf && unit && {shelf, unit};
  }

  private giveBack(shelf: Shelf): void {
    if (--shelf.users > 0) return;
    this.byId.delete(shelf.id);
    this.shelves.delete(shelf.key);
    void shelf.set.close();
  }

  private freeId(): number {
    let id = 0;
    while (this.byId.has(id)) id++;
    return id;
  }
}
