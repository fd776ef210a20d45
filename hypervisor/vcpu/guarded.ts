import {Observable, type Observer, type Operator, type Subscription} from 'rxjs';

/**
 * An Observable whose subscribers belong to a domain: what one throws, itself or in an operator above it, is that
 * domain's fault. RxJS alone would report it to the process, which is the host.
 */
class GuardedObservable<T> extends Observable<T> {
  private readonly onFault: (error: unknown) => void;

  constructor(source: Observable<unknown>, onFault: (error: unknown) => void, operator?: Operator<never, T>) {
    super();
    this.source = source;
    this.operator = operator;
    this.onFault = onFault;
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    return new GuardedObservable<R>(this, this.onFault, operator);
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // RxJS subscribes operators with Subscribers of its own: those pass errors down to a plain observer, caught there.
    if (isSubscriber(observerOrNext)) return super.subscribe(observerOrNext);
    const observer: Partial<Observer<T>> =
      typeof observerOrNext === 'function'
        ? {next: observerOrNext, error: error ?? undefined, complete: complete ?? undefined}
        : (observerOrNext ?? {});
    return super.subscribe({
      next: (value) => this.guard(() => observer.next?.(value)),
      error: (reason) => {
        if (observer.error === undefined) this.onFault(reason);
        else this.guard(() => observer.error?.(reason));
      },
      complete: () => this.guard(() => observer.complete?.()),
    });
  }

  private guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.onFault(error);
    }
  }
}

const isSubscriber = (observer: unknown): observer is Partial<Observer<never>> & Subscription =>
  typeof observer === 'object' && observer !== null && 'add' in observer && 'closed' in observer;

/** `source` for the code of a domain; `onFault` gets what its subscribers throw. */
export const guarded = <T>(source: Observable<T>, onFault: (error: unknown) => void): Observable<T> =>
  new GuardedObservable<T>(source, onFault);
