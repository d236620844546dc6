/** Words of others with the dot that a sentence ends with, so that another sentence can follow. */
export function sentence(words: string): string {
  return /[.!?\u2026]$/.test(words) ? words : `${words}.`;
}
