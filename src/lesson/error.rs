/// Why a lesson file can't be used.
#[derive(Debug, thiserror::Error)]
#[error("lesson")]
pub struct LessonError;
