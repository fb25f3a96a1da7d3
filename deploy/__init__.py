"""How it runs: broker, policy and deployment files shipped with the package."""
