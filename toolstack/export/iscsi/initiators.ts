/** Which of a few guests stands for which initiator. */
export class Initiators {
  private readonly guests: number;
  /** The guest that an initiator had last. */
  private readonly last = new Map<string, number>();
  /** Sessions under way, by guest: all of one initiator, but those of the first guest. */
  private readonly holders: {name: string; sessions: number}[];

  constructor(guests: number) {
    this.guests = guests;
    this.holders = Array.from({length: guests}, () => ({name: '', sessions: 0}));
  }

  /** The guest of a new session: the one that its initiator had, or else a free one, or else the first. */
  begin(name: string): number {
    const own = this.last.get(name);
    const isFree = (guest: number): boolean => {
      const holder = this.holders[guest];
      return holder.sessions === 0 || holder.name === name;
    };
    const free = Array.from({length: this.guests}, (_, guest) => guest).find(isFree);
    const guest = own !== undefined && isFree(own) ? own : (free ?? 0);
    const holder = this.holders[guest];
    if (holder.sessions++ === 0) holder.name = name;
    if (holder.name === name) this.last.set(name, guest);
    return guest;
  }

  end(guest: number): void {
    this.holders[guest].sessions--;
  }
}
