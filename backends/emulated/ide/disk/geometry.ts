/** How a disk is divided for commands that name cylinder, head and sector. */
export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

/** A disk that is larger says so: the rest needs LBA. @see ATA-5, "Logical CHS translation" */
const MAX_CYLINDERS = 16383;
const MAX_CURRENT_CYLINDERS = 65535;
const HEADS = 16;
const SECTORS_PER_TRACK = 63;

export const defaultGeometry = (sectors: number): Geometry => ({
  cylinders: Math.min(MAX_CYLINDERS, Math.floor(sectors / (HEADS * SECTORS_PER_TRACK))),
  heads: HEADS,
  sectorsPerTrack: SECTORS_PER_TRACK,
});

/** What INITIALIZE DEVICE PARAMETERS asks for; undefined when there are no sectors on a track. */
export const chosenGeometry = (sectors: number, heads: number, sectorsPerTrack: number): Geometry | undefined => {
  if (sectorsPerTrack === 0) return undefined;
  const cylinders = Math.min(MAX_CURRENT_CYLINDERS, Math.floor(sectors / (heads * sectorsPerTrack)));
  return {cylinders, heads, sectorsPerTrack};
};

/** Sectors that CHS reaches. */
export const chsSectors = ({cylinders, heads, sectorsPerTrack}: Geometry): number =>
  cylinders * heads * sectorsPerTrack;
