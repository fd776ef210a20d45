/** Edits (insert, delete, replace one character) from one word to another. */
const editDistance = (from: string, to: string): number => {
  let row = Array.from({length: to.length + 1}, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, replaced));
    }
    row = next;
  }
  return row[to.length];
};

/** Longer words are no names, and comparing them costs the square of their length. */
const MAX_WORD = 80;

/** The known names that `word` may have been meant for, nearest first; those that contain it count as near. */
export const nearNames = (word: string, known: readonly string[], limit = 5): readonly string[] => {
  if (word === '' || word.length > MAX_WORD) return [];
  const reach = Math.max(2, Math.floor(word.length / 3));
  return known
    .map((name) => {
      const distance = editDistance(word, name);
      return {name, distance: name.includes(word) ? Math.min(distance, reach) : distance};
    })
    .filter(({distance}) => distance <= reach)
    .sort((a, b) => a.distance - b.distance || a.name.length - b.name.length)
    .slice(0, limit)
    .map(({name}) => name);
};
