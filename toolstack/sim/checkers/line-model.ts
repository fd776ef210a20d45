interface Passing {
  readonly number: number;
  readonly flow: string;
  mayBeLost: boolean;
}

/** One direction of an interface: what goes in comes out, all of it, each frame once, those of a flow in order. */
export class LineModel {
  private readonly passing: Passing[] = [];
  private isShaken = false;

  enter(number: number, flow: string): void {
    this.passing.push({number, flow, mayBeLost: this.isShaken});
  }

  /** Returns what is wrong, if anything is. */
  leave(number: number): string | undefined {
    const at = this.passing.findIndex((each) => each.number === number);
    if (at < 0) return `frame ${number}, which is not on its way: it comes twice, late or from nowhere`;
    const {flow} = this.passing[at];
    const before = this.passing.splice(0, at + 1).slice(0, -1);
    this.passing.unshift(...before.filter((each) => each.flow !== flow));
    const lost = before.find((each) => each.flow === flow && !each.mayBeLost);
    return lost === undefined ? undefined : `frame ${number} before frame ${lost.number}`;
  }

  /** The interface begins anew: what is on its way, and what follows until it is calm again, may be lost. */
  shake(): void {
    this.isShaken = true;
    for (const each of this.passing) each.mayBeLost = true;
  }

  calm(): void {
    this.isShaken = false;
    this.passing.length = 0;
  }

  /** A frame that should have come out by now. */
  get missing(): number | undefined {
    return this.passing.find(({mayBeLost}) => !mayBeLost)?.number;
  }
}
