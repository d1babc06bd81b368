//! Who may enter an ftpkit server: authenticators, accounts, limits and the drain that every front end shares.
