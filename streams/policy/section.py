"""What every part of a policy is made of: frozen, exact, in two languages."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Language = Literal["zh", "en"]


class Section(BaseModel):
    """Base of everything in a policy file: fixed once read, misspelt keys are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True
    )


class Text(Section):
    """Words for people, in Chinese and English. A file may give one string for both."""

    zh: str = Field(min_length=1, max_length=500)
    en: str = Field(min_length=1, max_length=500)

    @model_validator(mode="before")
    @classmethod
    def _one_for_both(cls, value: object) -> object:
        return {"zh": value, "en": value} if isinstance(value, str) else value

    def of(self, language: Language) -> str:
        """The words in that language."""
        return self.zh if language == "zh" else self.en
