import {type Observable, Subject} from 'rxjs';

interface NamedDevice {
  readonly name: string;
  readonly removed: Observable<never>;
}

/** The devices of one kind that are there now, by name. */
export class DeviceSet<T extends NamedDevice> {
  private readonly byName = new Map<string, T>();
  private readonly addedSubject = new Subject<T>();
  private readonly removedSubject = new Subject<T>();
  private readonly waiters = new Map<string, ((device: T) => void)[]>();

  /** In the order they came. */
  get list(): readonly T[] {
    return [...this.byName.values()];
  }

  get added(): Observable<T> {
    return this.addedSubject.asObservable();
  }

  get removed(): Observable<T> {
    return this.removedSubject.asObservable();
  }

  get(name: string): T | undefined {
    return this.byName.get(name);
  }

  /** The device of that name: now, or when it is attached. */
  wait(name: string): Promise<T> {
    const present = this.byName.get(name);
    if (present !== undefined) return Promise.resolve(present);
    return new Promise((resolve) => {
      this.waiters.set(name, [...(this.waiters.get(name) ?? []), resolve]);
    });
  }

  /** Takes a device in; it leaves by itself when it is removed. */
  add(device: T): void {
    this.byName.set(device.name, device);
    device.removed.subscribe({complete: () => this.drop(device)});
    this.addedSubject.next(device);
    const waiters = this.waiters.get(device.name) ?? [];
    this.waiters.delete(device.name);
    for (const resolve of waiters) resolve(device);
  }

  private drop(device: T): void {
    if (this.byName.get(device.name) !== device) return;
    this.byName.delete(device.name);
    this.removedSubject.next(device);
  }
}
