import type { TypedDocumentNode } from '@apollo/client';
import { useMutation } from '@apollo/client/react';

/** What a mutation of ours is given: its one input, or nothing. */
type Input<Variables> = Variables extends { input: infer I } ? [input: I] : [];

/** The payload of a mutation that has one field. */
type Payload<Data> = NonNullable<Data[Exclude<keyof Data, '__typename'>]>;

/**
 * Apollo's `useMutation` for this schema, in which every mutation has one input and one payload: the function that is
 * returned takes the one and comes to the other.
 */
export function useChange<Data extends object, Variables>(document: TypedDocumentNode<Data, Variables>) {
  const [mutate] = useMutation(document as TypedDocumentNode<Data>);
  return async (...[input]: Input<Variables>): Promise<Payload<Data>> => {
    const { data } = await mutate({ variables: input === undefined ? {} : { input } });
    return Object.entries(data!).find(([name]) => name !== '__typename')![1];
  };
}
