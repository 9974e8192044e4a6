import { InputError } from '../../errors.js';
import { firstChars } from '../../lib/text.js';
import type { TextFinder } from '../../lib/text-finder.js';
import type { OffLimits } from '../../tasks/task.js';

/** What a task's manifest and the operator keep out of reach, ready to be asked. */
export class OffLimitsRules {
  /** Nothing from this day (YYYY-MM-DD) on is shown; null: no bound. */
  readonly publishedBefore: string | null;
  /** What submissions are scored on; null where the task has no such texts. */
  readonly texts: TextFinder | null;
  readonly #offLimits: OffLimits;

  constructor(offLimits: OffLimits, publishedBefore: string, texts: TextFinder | null) {
    const bounds = [offLimits.published_before ?? '', publishedBefore].filter(bound => bound !== '');
    this.publishedBefore = bounds.sort()[0] ?? null;
    this.texts = texts;
    this.#offLimits = offLimits;
  }

  /** Whether a repository of GitHub (`owner/name`) must not be read. */
  hidesRepository(fullName: string): boolean {
    const [owner = '', name = ''] = fullName.toLowerCase().split('/');
    return this.#offLimits.repositories.some(pattern => {
      const [anyOwner = '', anyName = ''] = pattern.toLowerCase().split('/');
      return (anyOwner === '*' || anyOwner === owner) && (anyName === '*' || anyName === name);
    });
  }

  /** Whether a paper must not be shown: by one of its names (arXiv number, DOI). */
  hidesPaper(...names: readonly (string | null | undefined)[]): boolean {
    const hidden = this.#offLimits.papers.map(paper => paper.toLowerCase());
    return names.some(name => name != null && hidden.includes(name.toLowerCase()));
  }

  /** Whether nothing must be fetched from this address. */
  hidesPage(url: URL): boolean {
    const host = url.hostname.replace(/^www\./, '').toLowerCase();
    const address = `${host}${safeDecode(url.pathname)}`.toLowerCase();
    return this.#offLimits.pages.some(page => {
      const hidden = page.toLowerCase().replace(/\/$/, '');
      return address === hidden || address.startsWith(`${hidden}/`);
    });
  }

  /** Whether the date bound hides what was published then. What has no date is hidden where there is a bound. */
  hidesDate(published: string | null, year: number | null): boolean {
    if (this.publishedBefore === null) return false;
    if (published !== null) return published.slice(0, 10) >= this.publishedBefore;
    return year === null || year >= Number(this.publishedBefore.slice(0, 4));
  }
}

/** The one sentence for all that is off limits. `what` names it as the contestant did. */
export function offLimitsError(what: string): InputError {
  return new InputError(
    `${firstChars(what, 120)} is off limits for this task: it holds what submissions are scored on, or answers to it. The attempt is recorded; work from other sources.`,
  );
}

/** The sentence for what the date bound hides. */
export function tooNewError(what: string, { publishedBefore }: OffLimitsRules): InputError {
  return new InputError(
    `${firstChars(what, 120)} is hidden: this run shows only what is known to be from before ${publishedBefore}. Look for earlier work.`,
  );
}

function safeDecode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
