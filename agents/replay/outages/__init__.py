"""Power outages of northern California: reported, updated, cleared, reopened, often late."""
