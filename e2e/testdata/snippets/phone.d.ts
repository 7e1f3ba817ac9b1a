// What code for phones asks of packages that only install with all of React Native.
declare module 'expo-secure-store' {
  export function getItemAsync(key: string): Promise<string | null>;
  export function setItemAsync(key: string, value: string): Promise<void>;
}
declare module 'react-native-passkey' {
  export const Passkey: { get(request: object): Promise<object>; create(request: object): Promise<object> };
}
