/** Settings of a unit, as `KEY=VALUE` pairs name them. */
export type UnitSettings = Readonly<Record<string, string>>;

/** What a kind of unit can be told: each reader returns undefined for a value that it does not take. */
export type SettingReaders<T> = {readonly [K in keyof T]: (text: string) => T[K] | undefined};

export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number | undefined => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
    return value >= min && value <= max ? value : undefined;
  };

export const yesOrNo = (text: string): boolean | undefined => ({'0': false, '1': true})[text];

/** The settings over the defaults; a line that says what is wrong where one is not known, or its value. */
export const readSettings = <T extends object>(
  settings: UnitSettings,
  readers: SettingReaders<T>,
  defaults: T,
): T | string => {
  const values = {...defaults};
  for (const [name, text] of Object.entries(settings)) {
    if (!Object.hasOwn(readers, name)) return `"${name}" is no setting (${Object.keys(readers).join(', ')} are)`;
    const key = name as keyof T;
    const value = readers[key](text);
    if (value === undefined) return `${name} cannot be "${text}"`;
    values[key] = value;
  }
  return values;
};
