package identity

// GatePath is where, on the host of an application behind a proxy, the proxy
// hands requests to this server: the way back after sign-in, and sign-out.
const GatePath = "/.yagura/"
