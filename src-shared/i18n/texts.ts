/**
 * What a language has to say, taken from the English texts: the same names, the same arguments, any words. A language
 * that lacks a text does not compile.
 */
export type Texts<English> = English extends string
  ? string
  : English extends (...args: infer Args) => string
    ? (...args: Args) => string
    : { readonly [Name in keyof English]: Texts<English[Name]> };
