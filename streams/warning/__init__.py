"""Early warning: what readings and counts say before anybody complains."""
